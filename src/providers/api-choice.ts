import type { Protocol } from "../model/protocol.ts";
import type { Dialects, SettingFacts, Settings } from "./provider.ts";

/** The setting `api`: which of OpenAI's two ways of asking for content an instance uses for all its models. */
export const apiSetting: SettingFacts = {
  about: "`chat-completions` or `responses` for all models; absent: `responses` for those alone that have no other",
  values: ["chat-completions", "responses"],
};

/** Feature of models that only the Responses API serves. */
const responsesFeature = "responses_only";

/**
 * The protocol as the setting says or, where it says nothing, as the model needs it: by what is known of it, or by its name
 * where nothing is.
 */
export function chosenApi(
  { api }: Settings,
  chat: Protocol,
  responses: Protocol,
  responsesNames?: RegExp,
): NonNullable<Dialects["generate"]> {
  if (api === "responses") return () => responses;
  if (api === "chat-completions") return () => chat;
  return (model, facts) => {
    const isKnown = facts !== undefined && facts.features.size > 0;
    const isNeeded = isKnown ? facts.features.has(responsesFeature) : responsesNames?.test(model);
    return isNeeded ? responses : chat;
  };
}
