import type { Target } from "../../model/target.ts";
import { renderVariant, type Setting } from "../../protocols/chat-completions/variant.ts";

/** The request as xAI takes it: docs.x.ai, "Chat completions" and "Reasoning". */
export const renderXai = renderVariant({ names: { maxOutputTokens: "max_completion_tokens" }, lacks, efforts });

/** Beginnings of the names of models, and the levels of effort that they know; others of the family refuse the setting. */
const levels: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^grok-3-mini/, ["low", "high"]],
  [/multi-agent/, ["low", "medium", "high", "xhigh"]],
  [/^grok-([23]|4(-|$|\.20)|code|beta|vision)/, []],
  [/^grok-4\.3/, ["none", "low", "medium", "high"]],
];

/** Levels of effort that a model knows; undefined where nothing is known of it. */
export function efforts({ model }: Target): readonly string[] | undefined {
  return levels.find(([name]) => name.test(model))?.[1];
}

/** What models refuse that reason. */
function lacks({ model, facts }: Target): readonly Setting[] {
  const reasons = facts.features.has("reasoning") || /^grok-(3-mini|[4-9])/.test(model);
  const refused: readonly Setting[] = ["frequencyPenalty", "presencePenalty", "stopSequences"];
  return reasons && !model.includes("non-reasoning") ? refused : [];
}
