import { expect } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { type Script, ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";

/** One answer to every request. */
export interface Behaviour {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An upstream that works. */
export const well: Behaviour = { status: 200, body: chat.whole("Hello") };

/** An upstream that refuses every request so. */
export function failing(status: number, headers = {}, body: object = {}): Behaviour {
  return { status, headers, body: JSON.stringify(body) };
}

/** No trial comes within a test, unless it wants one. */
export const noTrials = { trialAfter: "10m" };

/** A gateway in front of an upstream whose behaviour changes when the test says so. */
export async function behaving(first: Behaviour | Script, health: object = noTrials, redis?: { readonly url: string }) {
  const now: { behaviour: Behaviour | Script } = { behaviour: first };
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      if (typeof now.behaviour === "function") return now.behaviour(connection);
      await connection.request();
      const { status, body, headers } = answerOf(now.behaviour);
      await connection.respond(status, body, headers);
    }
  });
  const models = { "m-1": {}, "m-2": {} };
  const gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind, { models }),
    health,
    ...(redis && { redis: { ...redis } }),
  });
  return {
    upstream,
    gateway,
    now,
    /** Makes calls that fail, one after the other. */
    failures: async (count: number, model = request.model) => {
      for (let i = 0; i < count; i++) await gateway.failure({ ...request, model });
    },
    /** 0: closed, 1: half open, 2: open. */
    state: (scope: string) => gateway.metric("breaker_state", { provider: "up", scope }),
    /** How the next call is refused. It must not reach the upstream. */
    refusal: async (model = request.model) => {
      const reached = () => [upstream.requests.length, upstream.connections.length];
      const before = reached();
      const error = await gateway.failure({ ...request, model });
      expect(reached()).toEqual(before);
      const { code, reason, cause } = faultOf(error);
      return { code, reason, cause, waitMs: Number(error.metadata.get("grpc-retry-pushback-ms")) };
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** A connection that answers cannot begin to follow a script. */
function answerOf(behaviour: Behaviour | Script): Behaviour {
  if (typeof behaviour === "function") throw new Error("the upstream has answered already");
  return behaviour;
}
