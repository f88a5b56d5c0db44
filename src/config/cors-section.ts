import * as v from "valibot";
import { duration, pattern } from "./scalar.ts";
import { section } from "./section.ts";

const origin = pattern(
  /^(?:\*|https?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?)$/,
  'must be an origin such as https://app.example.com, without a path, or "*"',
  'Origin of web pages, such as https://app.example.com; "*" for any.',
);

/** Which web pages may call the gateway from a browser. */
export const cors = section("Web pages of other origins that may call the gateway. Absent: none.", {
  origins: v.pipe(v.array(origin), v.nonEmpty("names nobody; remove cors"), v.description("Their origins.")),
  maxAge: v.optional(duration("How long a browser may remember that."), "10m"),
});
