import { CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ProviderSection, type TestConfig, TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";

/** A request that an upstream has taken and not answered. */
export interface Held {
  readonly connection: UpstreamConnection;
  readonly body: { readonly stream?: boolean };
}

/** A provider that answers when the test says so, and only then. */
export class HeldUpstream implements AsyncDisposable {
  readonly #upstream: ScriptedUpstream;
  readonly #held: Held[] = [];
  #arrived = Promise.withResolvers<void>();
  #taken = 0;

  private constructor(upstream: ScriptedUpstream) {
    this.#upstream = upstream;
  }

  static async start(): Promise<HeldUpstream> {
    const upstream = await ScriptedUpstream.start(async (connection) => {
      for (;;) {
        const { body } = await connection.request();
        held.#held.push({ connection, body: JSON.parse(body) });
        held.#arrived.resolve();
      }
    });
    const held = new HeldUpstream(upstream);
    return held;
  }

  get url(): string {
    return this.#upstream.url;
  }

  /** Requests so far. */
  get hits(): number {
    return this.#upstream.requests.length;
  }

  /** The next request, as soon as it has come. */
  async next(): Promise<Held> {
    for (;;) {
      const held = this.#held[this.#taken];
      if (held !== undefined) {
        this.#taken += 1;
        return held;
      }
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upstream[Symbol.asyncDispose]();
  }
}

/** Answers a request well, whole or as a stream. */
export async function answer({ connection, body }: Held, text = "Hello"): Promise<void> {
  if (body.stream !== true) return connection.respond(200, chat.whole(text));
  await connection.beginEvents();
  await connection.chunk(chat.preamble, chat.text(text), chat.finish, chat.done);
  await connection.lastChunk();
}

/** Providers a, b and c, where a million tokens cost a dollar, and a gateway before them. */
export async function heldWorld(config: Omit<TestConfig, "providers">) {
  const [a, b, c] = await Promise.all([HeldUpstream.start(), HeldUpstream.start(), HeldUpstream.start()]);
  const models = { m: { prices: { input: 1, output: 1 } } };
  const providers: Record<string, ProviderSection> = {};
  for (const [id, { url }] of Object.entries({ a, b, c })) {
    providers[id] = { kind: chat.kind, baseUrl: `${url}/v1`, models };
  }
  const gateway = await TestGateway.start({ providers, ...config });
  return {
    a,
    b,
    c,
    gateway,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      for (const upstream of [a, b, c]) await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Targets at a, b and c. */
export const targets = ["a", "b", "c"].map((id) => ({ model: `${id}/m` }));
/** Hedging of every call that can be hedged. */
export const always = { delay: "1ms", maxRatio: 1 };
/** A call under the policy of `hedgedWorld`. */
export const asked = { model: "policies/hedged", input: "Say hello", view: CompletionView.FULL };

/** The same with a policy that hedges. */
export const hedgedWorld = (hedge: object, policy: object = {}, config: Omit<TestConfig, "providers"> = {}) =>
  heldWorld({ models: { policies: { hedged: { targets, hedge: { ...always, ...hedge }, ...policy } } }, ...config });
