import { type CallOptions, ConnectError } from "@connectrpc/connect";
import type { CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import type { TestConfig } from "../support/gateway.ts";
import { type Play, stage, tellNumber } from "./cache-stage.ts";

/** A call whose answer the cache would not keep. */
export const work = { model: "up/m-1", input: "hi" };

/** The header that says of an answer that it is that of an earlier call. */
export const replayHeader = "x-llmhub-idempotent-replay";

/** A provider that says something else each time, with gateways before it that have no cache. */
export async function keyedStage(play?: Play) {
  const at = await stage(play);
  return {
    ...at,
    gateway: (over: Partial<TestConfig> = {}) => at.gateway({ cache: { enabled: false }, ...over }),
    [Symbol.asyncDispose]: at[Symbol.asyncDispose],
  };
}

/** Options of a call with this idempotency key, and whether its answer said that it is a repeat. */
export function keyed(key: string, more: Record<string, string> = {}) {
  let replayed: string | null = null;
  const options = {
    headers: { "idempotency-key": key, ...more },
    onHeader: (headers: Headers) => {
      replayed = headers.get(replayHeader);
    },
  } satisfies CallOptions;
  return { ...options, isReplay: () => replayed === "true" };
}

/** The first text of an answer. */
export function textIn({ message }: CompleteResponse): unknown {
  return message?.content[0]?.part.value;
}

/** A provider that answers none of its calls before it is told to. */
export function held(play: Play = tellNumber) {
  const gate = Promise.withResolvers<void>();
  const held: Play = async (...at) => {
    await gate.promise;
    await play(...at);
  };
  return { play: held, open: gate.resolve };
}

/** Resolves when the provider has got that many requests. */
export async function asked(
  { upstream }: { readonly upstream: { readonly requests: readonly unknown[] } },
  count: number,
): Promise<void> {
  while (upstream.requests.length < count) await new Promise(setImmediate);
}

/** The error that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("the call was answered");
}
