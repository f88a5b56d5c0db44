import type { Rendering } from "../rendering.ts";
import type { MessagesBody, Thinking } from "./wire.ts";

/** Feature of models that refuse to have their sampling changed. */
const fixedFeature = "fixed_sampling";
/** Least top_p next to thinking, and on models with fixed sampling. */
const thinkingTopPMin = 0.95;
const fixedTopPMin = 0.99;

type Sampling = Pick<MessagesBody, "temperature" | "top_p" | "top_k" | "stop_sequences">;

/** The sampling settings the model takes next to this thinking. */
export function renderSampling(rendering: Rendering, thinking: Thinking | undefined): Sampling {
  const isFixed = rendering.target.facts.features.has(fixedFeature);
  const isThinking = thinking !== undefined && thinking.type !== "disabled";
  const reason = isFixed ? "the model takes no sampling settings" : "cannot be set while the model thinks";
  const isFree = !isFixed && !isThinking;
  const temperature = temperatureOf(rendering, isFree, reason);
  const least = isFree ? 0 : isFixed ? fixedTopPMin : thinkingTopPMin;
  const topP = topPOf(rendering, least, reason, temperature);
  const { topK } = rendering.request;
  if (topK !== undefined && !isFree) rendering.ignored("top_k", reason);
  const stops = stopsOf(rendering);
  warnUnknown(rendering);
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined || !isFree ? {} : { top_k: topK }),
    ...(stops.length === 0 ? {} : { stop_sequences: stops }),
  };
}

function temperatureOf(rendering: Rendering, isFree: boolean, reason: string): number | undefined {
  const { temperature } = rendering.request;
  if (temperature === undefined || temperature === 1) return temperature;
  if (!isFree) {
    rendering.ignored("temperature", reason);
    return undefined;
  }
  if (temperature < 1) return temperature;
  rendering.changed("temperature", "1 is the highest temperature here; 1 is used");
  return 1;
}

/** Models since Claude 4.1 refuse top_p beside a temperature. */
function topPOf(rendering: Rendering, least: number, reason: string, temperature?: number): number | undefined {
  const { topP } = rendering.request;
  if (topP === undefined) return undefined;
  if (topP < least) rendering.ignored("top_p", reason);
  else if (temperature !== undefined) rendering.ignored("top_p", "only one of temperature and top_p can be set");
  else return topP;
  return undefined;
}

function stopsOf(rendering: Rendering): string[] {
  return rendering.request.stopSequences.filter((stop, index) => {
    const isBlank = stop.trim() === "";
    if (isBlank) rendering.ignored(`stop_sequences[${index}]`, "a stop sequence of white space is refused");
    return !isBlank;
  });
}

/** Notes the settings that neither this dialect nor Bedrock's has a place for. */
export function warnUnknown(rendering: Rendering): void {
  const { frequencyPenalty, presencePenalty, seed, topLogprobs } = rendering.request;
  if (frequencyPenalty) rendering.ignored("frequency_penalty", "the dialect has no penalties");
  if (presencePenalty) rendering.ignored("presence_penalty", "the dialect has no penalties");
  if (seed !== undefined) rendering.ignored("seed", "the dialect has no seed");
  if (topLogprobs !== undefined) rendering.ignored("top_logprobs", "the dialect reports no probabilities");
}
