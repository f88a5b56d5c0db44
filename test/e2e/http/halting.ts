import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { type Dialect, providerAt } from "../faults/dialects.ts";

/** A gateway before a provider that says "Hello" and then nothing, for as long as it is listened to. */
export interface Halting extends AsyncDisposable {
  readonly upstream: ScriptedUpstream;
  readonly gateway: TestGateway;
  /** Base address for clients of OpenAI's API. */
  readonly baseURL: string;
}

/** Starts both; the model is "up/m-1". */
export async function halting({ kind, preamble, text }: Dialect): Promise<Halting> {
  const upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(preamble, text("Hello"));
    await connection.closed;
  });
  const gateway = await TestGateway.start({ providers: providerAt(upstream.url, kind) });
  return {
    upstream,
    gateway,
    baseURL: `${gateway.url}/v1`,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}
