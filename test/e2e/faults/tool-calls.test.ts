import { expect, test } from "vitest";
import type { StreamCompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { asked, beside } from "./beside.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { faultOf, unreadable } from "./fault.ts";
import { type ToolDialect, toolDialects } from "./tool-dialects.ts";

/** Most parts of one answer. */
const partsMax = 1024;

/** Tool calls of a stream, in the order in which they began: "id name arguments". */
function callsIn(events: readonly StreamCompleteResponse[]): string[] {
  const calls = new Map<number, string>();
  for (const { event } of events) {
    if (event.case === "partStarted" && event.value.part?.part.case === "toolCall") {
      const { id, name, argumentsJson } = event.value.part.part.value;
      calls.set(event.value.index, `${id} ${name} ${argumentsJson}`);
    }
    if (event.case === "partDelta" && event.value.delta.case === "argumentsJson") {
      calls.set(event.value.index, (calls.get(event.value.index) ?? "") + event.value.delta.value);
    }
  }
  return [...calls.values()];
}

/** The stream that these events make. */
async function streamOf({ kind }: ToolDialect, ...events: readonly string[]) {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(events.join(""));
    await connection.lastChunk();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, kind) });
  const { events: heard, error } = await gateway.stream(request);
  expect(error).toBeUndefined();
  return callsIn(heard);
}

for (const dialect of toolDialects) {
  const { kind, begin, grow, end, preamble, finish } = dialect;

  test(`U26: calls whose arguments come in turns are told in the order in which they began, ${kind}`, async () => {
    const count = 50;
    const each = Array.from({ length: count }, (_, i) => i);
    const calls = await streamOf(
      dialect,
      preamble,
      each.map((i) => begin(i, `id-${i}`, `f${i}`)).join(""),
      each.map((i) => grow(i, `{"n":`)).join(""),
      each
        .toReversed()
        .map((i) => grow(i, `${i}}`))
        .join(""),
      each.map(end).join(""),
      finish,
    );
    expect(calls).toEqual(each.map((i) => `id-${i} f${i} {"n":${i}}`));
  });

  test(`U26: ids that a provider gives twice are told apart, ${kind}`, async () => {
    const calls = await streamOf(
      dialect,
      preamble,
      ...[0, 1, 2].map((i) => begin(i, "same", `f${i}`) + grow(i, "{}") + end(i)),
      finish,
    );
    expect(calls.map((call) => call.split(" ").slice(1).join(" "))).toEqual(["f0 {}", "f1 {}", "f2 {}"]);
    expect(new Set(calls.map((call) => call.split(" ")[0])).size).toBe(3);
  });

  test(`U26: ten thousand calls are cut at the limit of parts, and nobody else is asked, ${kind}`, async () => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk(preamble);
      for (let from = 0; from < 10_000; from += 500) {
        const some = Array.from({ length: 500 }, (_, i) => begin(from + i, `id-${from + i}`, "f") + end(from + i));
        if (!(await connection.chunk(some.join("")))) return;
      }
      await connection.chunk(finish);
    });
    await using both = await beside(upstream.url, kind);
    const { events, error } = await both.gateway.stream(asked);
    expect(faultOf(error)).toEqual(unreadable("parts_limit", { outputStarted: true, retry: false }));
    const calls = callsIn(events);
    expect(calls.length).toBeLessThanOrEqual(partsMax);
    expect(calls.map((call) => call.split(" ")[0])).toEqual(calls.map((_, i) => `id-${i}`));
    await upstream.closed();
    expect([upstream.requests.length, both.spare.requests.length]).toEqual([1, 0]);
    expect(await both.gateway.metric("upstream_unreadable_total", { provider: "up" })).toBe(1);
  });
}

test("U26: a whole answer of ten thousand calls is not one", async () => {
  const call = (id: number) => ({ id: `id-${id}`, type: "function", function: { name: "f", arguments: "{}" } });
  const tool_calls = Array.from({ length: 10_000 }, (_, id) => call(id));
  const message = { role: "assistant", content: null, tool_calls };
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.respond(200, JSON.stringify({ choices: [{ index: 0, message, finish_reason: "tool_calls" }] }));
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  expect(faultOf(await gateway.failure(request))).toEqual(unreadable("parts_limit"));
  expect(upstream.requests.length).toBe(1);
});
