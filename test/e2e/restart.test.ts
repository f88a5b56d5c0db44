import { Code, type ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  CompletionFailureSchema,
  CompletionView,
  type StreamCompleteResponse,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import { Fold } from "../../src/model/fold.ts";
import { type Streamed, textOf } from "../support/gateway.ts";
import { readUntil, resumed, tokenOf, until } from "./faults/broken-stream.ts";
import { chat } from "./faults/dialects.ts";
import { RawCall } from "./faults/raw-call.ts";
import { answer, type Held, heldWorld } from "./held.ts";
import { daily } from "./limited.ts";

const { FAILED, LOST_HEDGE, SUCCEEDED } = AttemptOutcome;
const input = "Say hello";
const targets = ["a", "b", "c"].map((id) => ({ model: `${id}/m` }));
const asked = { model: "policies/all", input, view: CompletionView.FULL };
const wish = { allowRestart: true };

const worldOf = (policy: object = {}, rest: object = {}) =>
  heldWorld({ models: { policies: { all: { targets, afterOutput: true, ...policy } } }, ...rest });

/** Begins an answer that will not be complete. */
async function begin({ connection }: Held, text: string): Promise<void> {
  await connection.beginEvents();
  await connection.chunk(chat.preamble, chat.text(text));
}

/** Lets a stream break whose beginning has been read. */
function breakingAfter(text: string, held: () => Held | undefined) {
  return ({ event }: StreamCompleteResponse) => {
    const isIt = event.case === "partDelta" && event.value.delta.value === text;
    if (isIt) held()?.connection.reset();
  };
}

function foldOf({ events }: Pick<Streamed, "events">) {
  const fold = new Fold();
  for (const { event } of events) if (event.case !== undefined) fold.add(event);
  return fold.response();
}

function failureOf(error: ConnectError | undefined) {
  const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
  const [failure] = error?.findDetails(CompletionFailureSchema) ?? [];
  const attempts = failure?.attempts.map(({ model, errorReason }) => `${model} ${errorReason}`);
  return { reason: info?.reason, attempts, outputStarted: failure?.outputStarted };
}

test("by wish, a stream that breaks begins anew with another target, and what came is void and paid", async () => {
  await using at = await worldOf();
  let broken: Held | undefined;
  const call = at.gateway.stream(asked, { stream: wish, onEvent: breakingAfter("Hel", () => broken) });
  broken = await at.a.next();
  await begin(broken, "Hel");
  await answer(await at.b.next(), "Hello");
  const streamed = await call;
  expect(streamed.error).toBeUndefined();
  const { events } = streamed;
  const numbered = events.filter(({ event }) => event.case !== "heartbeat");
  expect(numbered.map(({ sequence }) => sequence)).toEqual(numbered.map((_, i) => i + 1));
  expect(numbered.map(({ event }) => event.case).slice(0, 5)).toEqual([
    "started",
    "partStarted",
    "partDelta",
    "restarted",
    "partStarted",
  ]);
  const restarted = events[3]?.event;
  expect(restarted?.case === "restarted" && restarted.value).toMatchObject({
    fromIndex: 0,
    failedAttempt: { number: 1, model: "a/m", outcome: FAILED, errorReason: "STREAM_INTERRUPTED" },
    routing: { model: "b/m", policy: "policies/all", attemptCount: 2 },
  });
  const whole = foldOf(streamed);
  expect(whole.message?.content.map(({ part }) => part.value)).toEqual(["Hello"]);
  expect(whole.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
  const [voided] = whole.routing?.attempts ?? [];
  expect(whole.routing?.attempts).toMatchObject([
    { number: 1, model: "a/m", outcome: FAILED, upstreamStatus: 0 },
    { number: 2, model: "b/m", outcome: SUCCEEDED },
  ]);
  expect(voided?.usage?.outputTokens).toBeGreaterThan(0);
  expect(voided?.cost?.total?.amountNanos).toBeGreaterThan(0n);

  const { gateway } = at;
  const tokens = (voided?.usage?.inputTokens ?? 0) + (voided?.usage?.outputTokens ?? 0);
  expect(await gateway.metric("tokens_total", { provider: "a" })).toBe(tokens);
  expect(await gateway.metric("retries_total", { provider: "a", to: "restart" })).toBe(1);
  expect(await gateway.metric("calls_total", { provider: "b", code: "OK" })).toBe(1);
  expect(await gateway.metric("calls_total")).toBe(1);
  expect([await gateway.metric("open_streams"), await gateway.metric("broken_streams_total")]).toEqual([0, 0]);
  expect([at.a.hits, at.b.hits, at.c.hits]).toEqual([1, 1, 0]);
});

test.each([
  ["without the wish", {}, {}, asked],
  ["where the policy does not allow it", wish, { afterOutput: false }, asked],
  ["where no attempt is left", wish, { maxAttempts: 1 }, asked],
  ["of a plain model", wish, {}, { ...asked, model: "a/m" }],
])("a stream that breaks ends, %s", async (_, stream, policy, request) => {
  await using at = await worldOf(policy);
  let broken: Held | undefined;
  const call = at.gateway.stream(request, { stream, onEvent: breakingAfter("Hel", () => broken) });
  broken = await at.a.next();
  await begin(broken, "Hel");
  const streamed = await call;
  expect(textOf(streamed)).toBe("Hel");
  expect(failureOf(streamed.error)).toEqual({
    reason: "STREAM_INTERRUPTED",
    attempts: ["a/m STREAM_INTERRUPTED"],
    outputStarted: true,
  });
  expect(at.b.hits).toBe(0);
  expect(await at.gateway.metric("broken_streams_total")).toBe(1);
});

test("models that the caller names may follow a plain model", async () => {
  await using at = await heldWorld({});
  const request = { ...asked, model: "a/m", routing: { fallbackModels: ["b/m"] } };
  let broken: Held | undefined;
  const call = at.gateway.stream(request, { stream: wish, onEvent: breakingAfter("Hel", () => broken) });
  broken = await at.a.next();
  await begin(broken, "Hel");
  await answer(await at.b.next(), "Hello");
  expect(foldOf(await call).routing).toMatchObject({ model: "b/m", attemptCount: 2 });
});

test("once a tool call has begun, nothing is voided", async () => {
  await using at = await worldOf();
  const toolCall = { index: 0, id: "t1", type: "function", function: { name: "f", arguments: "{" } };
  const chunk = { id: "c1", model: "m-1", choices: [{ index: 0, delta: { tool_calls: [toolCall] } }] };
  let broken: Held | undefined;
  const onEvent = ({ event }: StreamCompleteResponse) => {
    if (event.case === "partStarted") broken?.connection.reset();
  };
  const tools = [{ kind: { case: "function" as const, value: { name: "f" } } }];
  const call = at.gateway.stream({ ...asked, tools }, { stream: wish, onEvent });
  broken = await at.a.next();
  await broken.connection.beginEvents();
  await broken.connection.chunk(chat.preamble, `data: ${JSON.stringify(chunk)}\n\n`);
  expect(failureOf((await call).error).reason).toBe("STREAM_INTERRUPTED");
  expect(at.b.hits).toBe(0);
});

test("a stream begins anew as often as attempts are left; then it ends as it broke, with all of them", async () => {
  await using at = await worldOf();
  let broken: Held | undefined;
  const onEvent = breakingAfter("Hel", () => broken);
  const call = at.gateway.stream(asked, { stream: wish, onEvent });
  broken = await at.a.next();
  await begin(broken, "Hel");
  broken = await at.b.next();
  await begin(broken, "Hel");
  await (await at.c.next()).connection.respond(400, "{}");
  const { events, error } = await call;
  expect(events.map(({ event }) => event.case)).toEqual([
    "started",
    "partStarted",
    "partDelta",
    "restarted",
    "partStarted",
    "partDelta",
    "usage",
  ]);
  expect(failureOf(error)).toEqual({
    reason: "STREAM_INTERRUPTED",
    attempts: ["a/m STREAM_INTERRUPTED", "b/m STREAM_INTERRUPTED", "c/m PROVIDER_INVALID_REQUEST"],
    outputStarted: true,
  });
  const { gateway } = at;
  for (const provider of ["a", "b"]) expect(await gateway.metric("tokens_total", { provider })).toBeGreaterThan(0);
  expect(await gateway.metric("calls_total")).toBe(1);
  expect(await gateway.metric("calls_total", { provider: "b", code: "UNAVAILABLE" })).toBe(1);
  expect(await gateway.metric("broken_streams_total")).toBe(1);
  expect(await gateway.metric("open_streams")).toBe(0);
});

test("S10: a caller who leaves meanwhile ends the next attempt, too", async () => {
  await using at = await worldOf();
  const cancel = new AbortController();
  let broken: Held | undefined;
  const onEvent = breakingAfter("Hel", () => broken);
  const call = at.gateway.stream(asked, { stream: wish, onEvent, signal: cancel.signal });
  broken = await at.a.next();
  await begin(broken, "Hel");
  const next = await at.b.next();
  cancel.abort();
  expect((await call).error?.code).toBe(Code.Canceled);
  await next.connection.closed;
  await expect.poll(() => at.gateway.metric("calls_total", { code: "CANCELLED" })).toBe(1);
  for (const provider of ["a", "b"]) expect(await at.gateway.metric("tokens_total", { provider })).toBeGreaterThan(0);
  expect(await at.gateway.metric("open_streams")).toBe(0);
});

test("a stream that begins anew while nobody is there is resumed with all its events", async () => {
  await using at = await worldOf();
  const call = new RawCall(at.gateway.url, "StreamComplete", { request: asked, options: wish });
  const first = at.a.next().then(async (held) => {
    await begin(held, "Hel");
    return held;
  });
  const events = await readUntil(call, 3);
  const token = tokenOf(events);
  call[Symbol.dispose]();
  await until(at.gateway, "orphaned_streams", 1);
  (await first).connection.reset();
  await answer(await at.b.next(), "Hello");
  await until(at.gateway, "open_streams", 0);
  const rest = await resumed(at.gateway.url, { token, afterSequence: 3 });
  const whole = await resumed(at.gateway.url, { token, afterSequence: 0 });
  expect([rest.status, whole.status]).toEqual(["0", "0"]);
  expect(rest.events[0]?.event.case).toBe("restarted");
  expect(whole.events.map(({ sequence }) => sequence)).toEqual(whole.events.map((_, i) => i + 1));
  expect([...events, ...rest.events]).toEqual(whole.events);
  const answered = foldOf({ events: [...whole.events] });
  expect(answered.message?.content.map(({ part }) => part.value)).toEqual(["Hello"]);
  expect(at.c.hits).toBe(0);
});

test("an answer that began anew is not kept in the cache", async () => {
  await using at = await worldOf({}, { cache: { enabled: true } });
  const request = { ...asked, temperature: 0 };
  let broken: Held | undefined;
  const first = at.gateway.stream(request, { stream: wish, onEvent: breakingAfter("Hel", () => broken) });
  broken = await at.a.next();
  await begin(broken, "Hel");
  await answer(await at.b.next(), "Hello");
  expect(foldOf(await first).routing?.model).toBe("b/m");
  const again = at.gateway.stream(request, { stream: wish });
  await answer(await at.a.next(), "Hi");
  expect(textOf(await again)).toBe("Hi");
  const kept = await at.gateway.complete(request);
  expect(kept.message?.content.map(({ part }) => part.value)).toEqual(["Hi"]);
  expect([at.a.hits, at.b.hits]).toEqual([2, 1]);
});

test("S8: a target that lost a hedge goes on with what its rival broke off", async () => {
  await using at = await worldOf({ targets: targets.slice(0, 2), hedge: { delay: "1ms", maxRatio: 1 } });
  let broken: Held | undefined;
  const call = at.gateway.stream(asked, { stream: wish, onEvent: breakingAfter("Hel", () => broken) });
  const slow = await at.a.next();
  broken = await at.b.next();
  await begin(broken, "Hel");
  await slow.connection.closed;
  await answer(await at.a.next(), "Hello");
  const { routing, message } = foldOf(await call);
  expect(message?.content.map(({ part }) => part.value)).toEqual(["Hello"]);
  expect(routing?.attempts).toMatchObject([
    { number: 1, model: "a/m", outcome: LOST_HEDGE },
    { number: 2, model: "b/m", outcome: FAILED, hedge: true },
    { number: 3, model: "a/m", outcome: SUCCEEDED },
  ]);
});

test("S14: limits count the attempts that are void, too", async () => {
  await using at = await worldOf({}, { limits: [{ scope: "ip", tokens: 1_000_000, ...daily }] });
  const left = async () => {
    let remaining = 0;
    const onHeader = (headers: Headers) => {
      remaining = Number(headers.get("x-ratelimit-remaining-tokens"));
    };
    const call = at.gateway.complete({ ...asked, model: "c/m" }, { onHeader });
    await answer(await at.c.next());
    await call;
    return remaining;
  };
  const before = await left();
  let broken: Held | undefined;
  const call = at.gateway.stream(asked, { stream: wish, onEvent: breakingAfter("Hel", () => broken) });
  broken = await at.a.next();
  await begin(broken, "Hel");
  await answer(await at.b.next(), "Hello");
  await call;
  // Ten tokens of the call before, ten of the answer, and what was void.
  const voided = await at.gateway.metric("tokens_total", { provider: "a" });
  expect(voided).toBeGreaterThan(0);
  expect(before - (await left())).toBe(20 + voided);
});
