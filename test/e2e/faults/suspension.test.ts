import { expect, test } from "vitest";
import { textOf } from "../../support/gateway.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { heard } from "./broken-stream.ts";
import { chat, providerAt, request, streamed } from "./dialects.ts";
import { RawCall } from "./raw-call.ts";

/** Of a provider for its first output, and of a caller for its call. */
const limitMs = 3000;
const count = 20;

test("G13: a gateway that was stopped ends what is overdue, takes what has come, and repeats nothing", async () => {
  const stopped = Promise.withResolvers<void>();
  const answered: Promise<boolean>[] = [];
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    const { body } = await connection.request();
    await connection.beginEvents();
    await stopped.promise;
    if (!body.includes("patient")) return;
    answered.push(connection.chunk(streamed(chat, "Hello")));
    await connection.lastChunk();
  });
  await using spare = await ScriptedUpstream.start(() => undefined);
  const rest = { connectionsMax: 64, timeouts: { firstOutput: `${limitMs}ms` } };
  await using gateway = await GatewayProcess.start({
    providers: {
      ...providerAt(upstream.url, chat.kind, rest),
      spare: { kind: chat.kind, baseUrl: spare.url },
    },
    models: { policies: { both: { targets: [{ model: request.model }, { model: "spare/m-1" }] } } },
  });
  const calls = (model: string, input: string, timeout: string) =>
    Array.from({ length: count }, () =>
      heard(new RawCall(gateway.url, "StreamComplete", { model, input }, { "grpc-timeout": timeout })),
    );
  const hasty = calls(request.model, "hasty", `${limitMs}m`);
  const patient = calls("policies/both", "patient", "60S");
  await expect.poll(() => upstream.requests.length, { timeout: 10_000, interval: 5 }).toBe(2 * count);

  gateway.program.signal("SIGSTOP");
  stopped.resolve();
  await new Promise((resolve) => setTimeout(resolve, limitMs + 200));
  expect(await Promise.all(answered)).toEqual(Array(count).fill(true));
  gateway.program.signal("SIGCONT");

  for (const { events, status } of await Promise.all(hasty)) {
    expect(status).toBe("4 DEADLINE_EXCEEDED");
    expect(events).toEqual([]);
  }
  for (const { events, status } of await Promise.all(patient)) {
    expect(status).toBe("0");
    expect(textOf({ events: [...events] })).toBe("Hello");
  }
  expect(upstream.requests.length).toBe(2 * count);
  expect(spare.connections.length).toBe(0);
  expect(await gateway.metric("retries_total")).toBe(0);
  expect(await gateway.metric("calls_total", { code: "DEADLINE_EXCEEDED" })).toBe(count);
  expect(await gateway.metric("breaker_state")).toBe(0);
}, 30_000);
