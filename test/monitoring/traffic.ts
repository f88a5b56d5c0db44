import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { GatewayProcess } from "../support/gateway-process.ts";
import { root } from "../support/source.ts";

/** Compose's gateway, with more of everything that can be watched: workers, a policy, a chain, limits, providers that fail. */
export function startGateway(redisUrl: string): Promise<GatewayProcess> {
  const file = parse(readFileSync(join(root, "deploy/compose/llmhub.yaml"), "utf8"));
  const priced = { prices: { input: 1, output: 2 } };
  return GatewayProcess.start({
    ...file,
    server: { workers: 2 },
    // A machine that tests is busy: what takes long is no failure here.
    redis: { url: redisUrl, opTimeout: "1s" },
    overload: {},
    providers: {
      simulator: { models: { gpt: priced, claude: priced } },
      other: { kind: "simulator", credentials: ["red", "white"].map((name) => ({ name, apiKey: name })) },
      broken: {
        kind: "openai-compatible",
        baseUrl: "http://127.0.0.1:1/v1",
        discover: false,
        credentials: ["blue", "green"].map((name) => ({ name, apiKey: name })),
      },
    },
    models: {
      default: "simulator/gpt",
      aliases: { sure: "policies/sure", steps: "chains/steps", quick: "policies/quick" },
      policies: {
        sure: { targets: [{ model: "broken/gpt" }, { model: "simulator/gpt" }], afterOutput: true },
        quick: {
          targets: [{ model: "simulator/gpt:first-token-400" }, { model: "other/gpt" }],
          hedge: { delay: "10ms", maxRatio: 1 },
        },
      },
      chains: { steps: { steps: [{ target: "broken/gpt" }, { target: "simulator/gpt" }] } },
    },
    limits: [...file.limits, { scope: "model", match: "simulator/limited", requests: 1, per: "minute" }],
    health: { checks: { enabled: true, interval: "1s" } },
  });
}

const calls: readonly (readonly [path: string, body: object, headers?: Readonly<Record<string, string>>])[] = [
  ["/v1/completions", { input: "Say hi" }],
  ["/v1/completions", { input: "Say hi", temperature: 0 }],
  ["/v1/completions", { input: "Say hi" }, { "idempotency-key": "the-same-each-time" }],
  ["/v1/completions", { model: "sure", input: "Say hi" }],
  ["/v1/completions", { model: "quick", input: "Say hi" }],
  ["/v1/completions", { model: "steps", input: "Say hi" }],
  ["/v1/completions", { model: "broken/gpt", input: "Say hi" }],
  ["/v1/completions", { model: "simulator/gpt:429", input: "Say hi" }],
  ["/v1/completions", { model: "simulator/gpt:garbage", input: "Say hi" }],
  ["/v1/completions", { model: "simulator/limited", input: "Say hi" }],
  ["/v1/completions", { input: "Say hi", temperature: 9 }],
  ["/v1/stream", { model: "simulator/claude:first-token-0:pace-0", input: "Write 30 words" }],
  ["/v1/stream", { model: "simulator/claude:first-token-0:pace-0:reset-mid", input: "Write 30 words" }],
  ["/llmhub.v1.EmbeddingService/Embed", { model: "simulator/embedding", inputs: ["red"] }],
  ["/llmhub.v1.RerankService/Rerank", { model: "simulator/rerank", query: "sky", documents: ["grass", "blue sky"] }],
];

/** One call of each kind, good and bad. */
export async function call(url: string): Promise<void> {
  for (const [path, body, headers = {}] of calls) {
    const answer = await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    await answer.text().catch(() => undefined);
  }
}
