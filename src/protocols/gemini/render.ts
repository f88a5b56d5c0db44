import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { renderContents } from "./contents.ts";
import { renderConfig } from "./generation-config.ts";
import { modelPath } from "./model-name.ts";
import { withOptions } from "./options.ts";
import { Rendering } from "./rendering.ts";
import { renderTools } from "./tools.ts";
import type { CountBody, GenerateBody, Prompt } from "./wire.ts";

/** Our words for the service tiers of this API. */
const tiers: ReadonlyMap<string, string> = new Map([
  ["standard", "standard"],
  ["default", "standard"],
  ["flex", "flex"],
  ["priority", "priority"],
]);

/** The request of :generateContent, or of :streamGenerateContent as server-sent events. Only `signer`'s proofs go back. */
export function render(attempt: Attempt, signer = attempt.target.provider.id): Rendered<GenerateBody> {
  const rendering = new Rendering(attempt, signer);
  const body = renderBody(rendering);
  const operation = attempt.call.stream ? "streamGenerateContent?alt=sse" : "generateContent";
  return { path: modelPath(attempt.target.model, operation), body, warnings: rendering.warnings };
}

/** The request of :countTokens: the same prompt, without what shapes the answer. */
export function renderCount(attempt: Attempt, signer = attempt.target.provider.id): Rendered<CountBody> {
  const rendering = new Rendering(attempt, signer);
  const { generationConfig, ...prompt } = renderBody(rendering);
  const { model } = attempt.target;
  return {
    path: modelPath(model, "countTokens"),
    body: { generateContentRequest: { model: `models/${model}`, ...prompt } },
    warnings: rendering.warnings,
  };
}

function renderBody(rendering: Rendering): GenerateBody {
  const prompt: Prompt = { ...renderContents(rendering), ...renderTools(rendering) };
  const generationConfig = renderConfig(rendering);
  const serviceTier = renderTier(rendering);
  if (rendering.request.endUserId !== "") rendering.ignored("end_user_id", "the dialect has no place for it");
  const body: GenerateBody = {
    ...prompt,
    ...(Object.keys(generationConfig).length === 0 ? {} : { generationConfig }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  };
  return withOptions(body, rendering);
}

function renderTier(rendering: Rendering): string | undefined {
  const wanted = rendering.request.serviceTier;
  if (wanted === "" || wanted === "auto") return undefined;
  const tier = tiers.get(wanted);
  if (tier === undefined) rendering.ignored("service_tier", `"${wanted}" is not a tier here`);
  return tier;
}
