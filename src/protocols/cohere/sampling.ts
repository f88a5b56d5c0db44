import type { Rendering } from "../rendering.ts";
import type { CohereBody } from "./wire.ts";

/** Stop sequences that the API takes. */
const stopsMax = 5;
/** The highest k, and the lowest and the highest p. */
const topKMax = 500;
const topPMin = 0.01;
const topPMax = 0.99;

type Sampling = Pick<
  CohereBody,
  "temperature" | "p" | "k" | "frequency_penalty" | "presence_penalty" | "seed" | "stop_sequences" | "logprobs"
>;

/** The sampling settings, brought within what the API takes. */
export function renderSampling(rendering: Rendering): Sampling {
  const { request } = rendering;
  const { stopSequences, seed, topLogprobs } = request;
  const temperature = within(request.temperature, 0, 1, "temperature", rendering);
  const p = within(request.topP, topPMin, topPMax, "top_p", rendering);
  const k = within(request.topK, 1, topKMax, "top_k", rendering);
  const frequency = within(request.frequencyPenalty, 0, 1, "frequency_penalty", rendering);
  const presence = within(request.presencePenalty, 0, 1, "presence_penalty", rendering);
  const stops = stopSequences.slice(0, stopsMax);
  if (stops.length < stopSequences.length) {
    rendering.changed("stop_sequences", `only the first ${stopsMax} are sent, more are not taken`);
  }
  if (seed !== undefined && seed < 0) rendering.ignored("seed", "a seed cannot be negative here");
  if (topLogprobs) rendering.ignored("top_logprobs", "no alternatives are reported, only the tokens themselves");
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(p === undefined ? {} : { p }),
    ...(k === undefined ? {} : { k }),
    ...(frequency === undefined ? {} : { frequency_penalty: frequency }),
    ...(presence === undefined ? {} : { presence_penalty: presence }),
    ...(seed === undefined || seed < 0 ? {} : { seed }),
    ...(stops.length === 0 ? {} : { stop_sequences: stops }),
    ...(topLogprobs === undefined ? {} : { logprobs: true }),
  };
}

function within(value: number | undefined, least: number, most: number, field: string, rendering: Rendering) {
  if (value === undefined || (value >= least && value <= most)) return value;
  const nearest = value < least ? least : most;
  rendering.changed(field, `is from ${least} to ${most} here; ${nearest} is used`);
  return nearest;
}
