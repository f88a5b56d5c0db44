import { createHash } from "node:crypto";
import { type TestConfig, TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection, type UpstreamRequest } from "../support/scripted-upstream.ts";
import { chat, providerAt, streamed } from "./faults/dialects.ts";

/** What a scripted provider does with a request; `number` counts from 1. */
export type Play = (connection: UpstreamConnection, request: UpstreamRequest, number: number) => Promise<void>;

/** Asks the same each time, and a model that would say the same. */
export const ask = { model: "up/m-1", input: "hi", temperature: 0 };

/** The texts of the answer with that number, in the pieces of its stream. */
export const piecesOf = (number: number): [string, string] => ["answer ", String(number)];

/** Says something else each time, whole or as a stream. */
export const tellNumber: Play = async (connection, { body }, number) => {
  if (!JSON.parse(body).stream) return connection.respond(200, chat.whole(piecesOf(number).join("")));
  await connection.beginEvents();
  await connection.chunk(streamed(chat, ...piecesOf(number)));
  await connection.lastChunk();
};

/** The configuration of a gateway that keeps answers, before a provider at that address. */
export function cachingAt(url: string, over: Partial<TestConfig> = {}): TestConfig {
  return {
    providers: providerAt(url, "openai-compatible", { models: { "m-1": { prices: { input: 1, output: 1 } } } }),
    cache: { enabled: true },
    ...over,
  };
}

/** A provider that does that, with gateways before it. */
export async function stage(play: Play = tellNumber) {
  let requests = 0;
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const request = await connection.request();
      await play(connection, request, ++requests);
    }
  });
  const gateways: TestGateway[] = [];
  return {
    upstream,
    gateway: async (over: Partial<TestConfig> = {}) => {
      const gateway = await TestGateway.start(cachingAt(upstream.url, over));
      gateways.push(gateway);
      return gateway;
    },
    [Symbol.asyncDispose]: async () => {
      for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** Section auth with a key of that name and secret for each. */
export function keysFor(...ids: readonly string[]): { auth: object } {
  return { auth: { mode: "keys", keys: ids.map((id) => keyNamed(id)) } };
}

/** The entry of a key in a configuration; its secret is its name behind "lh_". */
export function keyNamed(id: string, tenant?: string) {
  return { id, sha256: createHash("sha256").update(`lh_${id}`).digest("hex"), tenant };
}

/** Options of a call with such a key. */
export function by(id: string): { headers: Record<string, string> } {
  return { headers: { authorization: `Bearer lh_${id}` } };
}
