import { startSimulator } from "../../../src/simulator/server.ts";
import { TestGateway } from "../../support/gateway.ts";

/** A gateway before one simulator that speaks OpenAI's and Anthropic's dialects, each as a provider of its own. */
export interface Crossed extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** Base address for clients of OpenAI's API: ".../v1". */
  readonly baseURL: string;
}

/** Models of both dialects, so that whatever a client speaks is translated for one of them. */
export const models = ["openai/gpt-5", "anthropic/claude-sonnet-4-5"] as const;

/** Starts both. Answers come at once. */
export async function crossed(config: Partial<Parameters<typeof TestGateway.start>[0]> = {}): Promise<Crossed> {
  const simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0 });
  const gateway = await TestGateway.start({
    providers: {
      openai: { apiKey: "sk-test", baseUrl: `${simulator.url}/v1` },
      anthropic: { apiKey: "sk-test", baseUrl: `${simulator.url}/v1` },
    },
    ...config,
  });
  return {
    gateway,
    baseURL: `${gateway.url}/v1`,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await simulator.close();
    },
  };
}
