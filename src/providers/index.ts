import { anthropic } from "./anthropic/anthropic.ts";
import { deepseek } from "./deepseek/deepseek.ts";
import { groq } from "./groq/groq.ts";
import { mistral } from "./mistral/mistral.ts";
import { ollama } from "./ollama/ollama.ts";
import { openai } from "./openai/openai.ts";
import { openaiCompatible } from "./openai-compatible/openai-compatible.ts";
import { openrouter } from "./openrouter/openrouter.ts";
import type { ProviderFacts } from "./provider.ts";
import { simulator } from "./simulator/simulator.ts";
import { xai } from "./xai/xai.ts";

/** Every kind of provider: one line each. */
export const providerKinds: ReadonlyMap<string, ProviderFacts> = new Map(
  [openai, anthropic, mistral, deepseek, groq, xai, openrouter, ollama, openaiCompatible, simulator].map((facts) => [
    facts.kind,
    facts,
  ]),
);
