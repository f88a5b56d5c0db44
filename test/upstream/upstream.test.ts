import { expect, test } from "vitest";
import type { Authorizer, Proof } from "../../src/model/authorizer.ts";
import { GatewayError } from "../../src/model/error.ts";
import { converse, countedConverse } from "../../src/protocols/converse/protocol.ts";
import { count } from "../../src/upstream/count.ts";
import { exchange } from "../../src/upstream/exchange.ts";
import { Upstream } from "../../src/upstream/upstream.ts";
import { rpcWith } from "../support/rpc.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { attemptOf } from "./attempt.ts";

const answer = JSON.stringify({ output: { message: { content: [{ text: "hi" }] } }, stopReason: "end_turn" });

/** Proves when the test says so, in the order in which it was asked. */
class SlowAuthorizer implements Authorizer {
  readonly asked: PromiseWithResolvers<Proof>[] = [];
  distrusted = 0;

  distrust(): void {
    this.distrusted++;
  }

  prove(): Promise<Proof> {
    const asked = Promise.withResolvers<Proof>();
    this.asked.push(asked);
    return asked.promise;
  }
}

/** One connection to a provider that answers everything with this status. */
async function stage(status = 200) {
  const provider = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(status, answer);
    }
  });
  const authorizer = new SlowAuthorizer();
  const baseUrl = new URL(provider.url);
  const upstream = new Upstream({ baseUrl, headers: {}, authorizer, connectMs: 1000, connectionsMax: 1 });
  return {
    provider,
    authorizer,
    upstream,
    [Symbol.asyncDispose]: async () => {
      await upstream.close();
      await provider[Symbol.asyncDispose]();
    },
  };
}

/** A call for a whole answer, and how its caller leaves. */
function call() {
  const leaving = new AbortController();
  const attempt = attemptOf();
  const rpc = rpcWith({ signal: leaving.signal });
  const leave = () => leaving.abort(new GatewayError("CANCELLED", "the caller left"));
  return { attempt: { ...attempt, call: { ...attempt.call, rpc, stream: false } }, leave };
}

const never = new AbortController().signal;
const refused = new GatewayError("PROVIDER_CREDENTIAL_INVALID", "no");

test("a call that ends while it waits for its proof is never sent, and gives its place back once", async () => {
  await using at = await stage();
  const { attempt, leave } = call();
  const left = exchange(at.upstream, converse, attempt);
  const next = exchange(at.upstream, converse, call().attempt);
  const last = exchange(at.upstream, converse, call().attempt);
  leave();
  await expect(left).rejects.toMatchObject({ reason: "CANCELLED" });
  expect(at.authorizer.asked.length).toBe(1);
  at.authorizer.asked[0]?.resolve({ "x-proof": "0" });
  await expect.poll(() => at.authorizer.asked.length).toBe(2);
  at.authorizer.asked[1]?.reject(refused);
  const { reason, failure } = await next.then(() => refused, GatewayError.of);
  expect([reason, failure?.attempts.length, failure?.usage]).toEqual(["PROVIDER_CREDENTIAL_INVALID", 1, undefined]);
  expect(at.authorizer.asked.length).toBe(3);
  at.authorizer.asked[2]?.resolve({ "x-proof": "2" });
  expect((await (await last).outcome).state).toBe("finished");
  expect(at.provider.requests.map(({ headers }) => headers["x-proof"])).toEqual(["2"]);
});

test("a small request does not outlast its signal while it waits for its proof", async () => {
  await using at = await stage();
  const { attempt, leave } = call();
  const counting = count(at.upstream, countedConverse, attempt);
  await expect.poll(() => at.authorizer.asked.length).toBe(1);
  leave();
  await expect(counting).rejects.toMatchObject({ reason: "CANCELLED" });
  await expect(at.upstream.request("/", undefined, {}, AbortSignal.abort(refused))).rejects.toBe(refused);
  expect([at.authorizer.asked.length, at.provider.requests]).toEqual([1, []]);
});

test("what is wrong with the credential is told by a count, too", async () => {
  await using at = await stage();
  const counting = count(at.upstream, countedConverse, call().attempt);
  await expect.poll(() => at.authorizer.asked.length).toBe(1);
  at.authorizer.asked[0]?.reject(refused);
  await expect(counting).rejects.toMatchObject({ reason: "PROVIDER_CREDENTIAL_INVALID" });
});

test.each([
  [401, 2],
  [403, 1],
  [429, 0],
  [200, 0],
])("a refusal of the credential is told to whoever proved it: HTTP %s", async (status, times) => {
  await using at = await stage(status);
  const calls = [exchange(at.upstream, converse, call().attempt), at.upstream.request("/", undefined, {}, never)];
  await expect.poll(() => at.authorizer.asked.length).toBe(2);
  for (const { resolve } of at.authorizer.asked) resolve({});
  await Promise.allSettled(calls);
  expect(at.authorizer.distrusted).toBe(times);
});

test("small requests and calls do not wait for each other's connections", async () => {
  const hanging = Promise.withResolvers<void>();
  await using provider = await ScriptedUpstream.start(async (connection) => {
    const { method } = await connection.request();
    if (method === "POST") await connection.respond(200, answer);
    else hanging.resolve();
  });
  const baseUrl = new URL(provider.url);
  const upstream = new Upstream({ baseUrl, headers: {}, connectMs: 1000, connectionsMax: 1 });
  const leaving = new AbortController();
  const slow = upstream.request("/slow", undefined, {}, leaving.signal);
  const waiting = upstream.request("/waiting", undefined, {}, leaving.signal);
  await hanging.promise;
  const { outcome } = await exchange(upstream, converse, call().attempt);
  expect((await outcome).state).toBe("finished");
  leaving.abort(refused);
  await expect(slow).rejects.toBe(refused);
  await expect(waiting).rejects.toBe(refused);
  expect(provider.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  await upstream.close();
});

test("headers that cannot be sent fail the call and give its place back", async () => {
  await using at = await stage();
  const failing = [exchange(at.upstream, converse, call().attempt), exchange(at.upstream, converse, call().attempt)];
  for (const [index, attempt] of failing.entries()) {
    await expect.poll(() => at.authorizer.asked.length).toBe(index + 1);
    at.authorizer.asked[index]?.resolve({ "x-proof": "1\r\nx-other: 2" });
    await expect(attempt).rejects.toMatchObject({ reason: "PROVIDER_UNAVAILABLE" });
  }
  expect(at.provider.connections.length).toBe(0);
});
