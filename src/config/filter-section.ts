import * as v from "valibot";
import type { TargetFilter } from "../model/policy.ts";
import { price, region, tags, text } from "./scalar.ts";
import { section } from "./section.ts";

/** What targets of a policy must be like. */
export const filter = section(
  "What targets must be like; what is not known of one does not count. Others are left out.",
  {
    regions: v.nullish(
      v.pipe(
        v.array(region("A region.")),
        v.description(
          'Any of these regions, by name or the beginning of it up to a dash: "eu" is also "eu-central-1".',
        ),
      ),
      [],
    ),
    tags: v.nullish(tags("All of these tags of the provider or the model."), []),
    features: v.nullish(
      v.pipe(v.array(text("A feature.")), v.description('All of these, such as "tools" or "json_schema".')),
      [],
    ),
    maxInputPrice: v.optional(price("Highest price of input tokens.")),
    maxOutputPrice: v.optional(price("Highest price of output tokens.")),
    capable: v.optional(
      v.pipe(
        v.boolean(),
        v.description(
          "Only targets that are known to have what a request needs: tools, a JSON schema, kinds of input.",
        ),
      ),
      false,
    ),
  },
);

/** The valid section as the policy has it. */
export function filterOf(section: v.InferOutput<typeof filter>): TargetFilter {
  const { maxInputPrice, maxOutputPrice, ...rest } = section;
  return { ...rest, inputNanosMax: maxInputPrice, outputNanosMax: maxOutputPrice };
}
