import { anthropic } from "./anthropic/anthropic.ts";
import { azureOpenai } from "./azure-openai/azure-openai.ts";
import { bedrock } from "./bedrock/bedrock.ts";
import { cerebras } from "./cerebras/cerebras.ts";
import { claudeCli } from "./claude-cli/claude-cli.ts";
import { cohere } from "./cohere/cohere.ts";
import { deepseek } from "./deepseek/deepseek.ts";
import { fireworks } from "./fireworks/fireworks.ts";
import { gemini } from "./gemini/gemini.ts";
import { groq } from "./groq/groq.ts";
import { huggingface } from "./huggingface/huggingface.ts";
import { llamaCpp } from "./llama-cpp/llama-cpp.ts";
import { lmStudio } from "./lm-studio/lm-studio.ts";
import { mistral } from "./mistral/mistral.ts";
import { nvidia } from "./nvidia/nvidia.ts";
import { ollama } from "./ollama/ollama.ts";
import { openai } from "./openai/openai.ts";
import { openaiCompatible } from "./openai-compatible/openai-compatible.ts";
import { openrouter } from "./openrouter/openrouter.ts";
import { perplexity } from "./perplexity/perplexity.ts";
import type { ProviderFacts } from "./provider.ts";
import { simulator } from "./simulator/simulator.ts";
import { together } from "./together/together.ts";
import { vertex } from "./vertex/vertex.ts";
import { vllm } from "./vllm/vllm.ts";
import { voyage } from "./voyage/voyage.ts";
import { xai } from "./xai/xai.ts";

/** One line each. Of those that the environment switches on, the first that suggests a model serves callers who name none. */
const kinds: readonly ProviderFacts[] = [
  openai,
  anthropic,
  gemini,
  vertex,
  azureOpenai,
  bedrock,
  mistral,
  deepseek,
  groq,
  xai,
  openrouter,
  cohere,
  voyage,
  together,
  fireworks,
  perplexity,
  nvidia,
  cerebras,
  huggingface,
  ollama,
  vllm,
  lmStudio,
  llamaCpp,
  openaiCompatible,
  claudeCli,
  simulator,
];

/** Every kind of provider, by its name in configuration. */
export const providerKinds: ReadonlyMap<string, ProviderFacts> = new Map(kinds.map((facts) => [facts.kind, facts]));
