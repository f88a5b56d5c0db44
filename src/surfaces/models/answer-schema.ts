import * as v from "valibot";
import { described, named, whole } from "../field.ts";

/** A model in the form of OpenAI's API. */
export const openaiModel = named(
  "OpenAIModel",
  "A name that calls may use, in the form of OpenAI's API.",
  v.object({
    id: v.string(),
    object: v.literal("model"),
    created: described(whole, "0: nobody tells when a model was made."),
    owned_by: described(v.string(), "The provider."),
    context_window: v.optional(whole),
    max_output_tokens: v.optional(whole),
  }),
);

/** Models in the form of OpenAI's API. */
export const openaiModels = named(
  "OpenAIModelList",
  "Models and aliases alike.",
  v.object({ object: v.literal("list"), data: v.array(openaiModel) }),
);

/** A model in the form of Anthropic's API. */
export const anthropicModel = named(
  "AnthropicModel",
  "A name that calls may use, in the form of Anthropic's API.",
  v.object({ type: v.literal("model"), id: v.string(), display_name: v.string(), created_at: v.string() }),
);

/** Models in the form of Anthropic's API. */
export const anthropicModels = named(
  "AnthropicModelList",
  "Models and aliases alike, all on one page.",
  v.object({
    data: v.array(anthropicModel),
    has_more: v.boolean(),
    first_id: v.nullable(v.string()),
    last_id: v.nullable(v.string()),
  }),
);
