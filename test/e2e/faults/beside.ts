import { expect } from "vitest";
import { CompletionView } from "../../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../../gen/llmhub/v1/routing_pb.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { chat, type Dialect, providerAt, request, streamed } from "./dialects.ts";
import type { Mode } from "./fault.ts";
import { noTrials } from "./target-health.ts";

/** A policy that goes to the provider "up" first, then to "spare". */
export const policies = { both: { targets: [{ model: "up/m-1" }, { model: "spare/m-1" }] } };
/** A call that both providers may answer, and that tells of all attempts. */
export const asked = { ...request, model: "policies/both", view: CompletionView.FULL };

/** Sections of the configuration besides providers. */
interface Rest {
  readonly timeouts?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly retry?: object;
  readonly cache?: Readonly<Record<string, unknown>>;
}

/** Answers every request of a connection with "Hello", streamed in two pieces where that is asked for. */
export async function answerAll(connection: UpstreamConnection, dialect: Dialect): Promise<void> {
  for (;;) {
    const { body } = await connection.request();
    if (JSON.parse(body).stream === true) {
      await connection.respond(200, streamed(dialect, "Hel", "lo"), { "content-type": "text/event-stream" });
    } else await connection.respond(200, dialect.whole("Hello"));
  }
}

/** A gateway whose provider "up" lives at an address, beside a healthy provider "spare". */
export async function beside(url: string, kind: string, { timeouts = {}, settings = {}, retry, cache }: Rest = {}) {
  const spare = await ScriptedUpstream.start((connection) => answerAll(connection, chat));
  const providers = {
    ...providerAt(url, kind, { timeouts, settings }),
    spare: { kind: chat.kind, baseUrl: `${spare.url}/v1` },
  };
  const gateway = await TestGateway.start({
    providers,
    models: { policies, ...(retry && { retry }) },
    health: noTrials,
    ...(cache && { cache }),
  });
  return {
    gateway,
    spare,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await spare[Symbol.asyncDispose]();
    },
  };
}

/** What the client saw of one call through both providers. */
export async function answerOf(gateway: TestGateway, mode: Mode) {
  if (mode === "unary") {
    const { message, routing } = await gateway.complete(asked);
    return { text: message?.content[0]?.part.value, routing };
  }
  const answer = await gateway.stream(asked);
  if (answer.error !== undefined) throw answer.error;
  const last = answer.events.at(-1)?.event;
  // One beginning: nothing of the attempt that failed was handed on.
  expect(answer.events.filter(({ event }) => event.case === "started").length).toBe(1);
  return { text: textOf(answer), routing: last?.case === "finished" ? last.value.routing : undefined };
}

/** The answer of the spare provider, after attempts at the other that failed for this reason. */
export function spared(reason: string, failures = 1) {
  const failed = {
    model: "up/m-1",
    errorReason: reason,
    outcome: reason === "PROVIDER_TIMEOUT" ? expect.any(Number) : AttemptOutcome.FAILED,
  };
  return {
    text: "Hello",
    routing: {
      provider: "spare",
      model: "spare/m-1",
      policy: "policies/both",
      attemptCount: failures + 1,
      attempts: [...Array(failures).fill(failed), { model: "spare/m-1", outcome: AttemptOutcome.SUCCEEDED }],
    },
  };
}
