import { anthropic } from "./anthropic/anthropic.ts";
import { openai } from "./openai/openai.ts";
import { openaiCompatible } from "./openai-compatible/openai-compatible.ts";
import type { ProviderFacts } from "./provider.ts";
import { simulator } from "./simulator/simulator.ts";

/** Every kind of provider: one line each. */
export const providerKinds: ReadonlyMap<string, ProviderFacts> = new Map(
  [openai, anthropic, openaiCompatible, simulator].map((facts) => [facts.kind, facts]),
);
