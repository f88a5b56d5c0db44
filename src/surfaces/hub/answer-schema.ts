import * as v from "valibot";
import { described, named } from "../field.ts";

/** An error in Connect's JSON, also the data of the event "error" that ends a stream that breaks. */
export const hubError = named(
  "ConnectError",
  "An error in the JSON of Connect.",
  v.object({
    code: described(v.string(), 'The code of gRPC in small letters, such as "invalid_argument".'),
    message: v.optional(v.string()),
    details: v.optional(
      v.array(
        v.object({
          type: described(v.string(), "google.rpc.ErrorInfo has the reason, others tell more."),
          value: described(v.string(), "The message in Protobuf's binary form, base64."),
          debug: described(v.optional(v.unknown()), "The same message in JSON."),
        }),
      ),
    ),
  }),
);

/** What a probe says. */
export const probeAnswer = named(
  "ProbeStatus",
  'What a probe says: "ok" or "not ready".',
  v.object({ status: v.picklist(["ok", "not ready"]) }),
);
