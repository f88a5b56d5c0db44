import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, messages, providerAt } from "../faults/dialects.ts";
import { bytesOf, errorIn, post, readEvents, type Surface, surfaces } from "./surface-call.ts";

const beat = /^(?:: keep-alive|event: ping)$/gm;
const streams = { heartbeat: "20ms" };
const cases = [chat, messages].flatMap((dialect) =>
  surfaces.map((surface) => [surface.name, dialect.kind, surface, dialect] as const),
);

/** Told how often the gateway has said that the call lives, and of all that has come. */
type Heard = (beats: number, body: string) => void;

/** The body as it comes. */
async function* beating(response: Response, heard: Heard): AsyncGenerator<Uint8Array> {
  let body = "";
  for await (const bytes of bytesOf(response)) {
    body += Buffer.from(bytes).toString();
    heard([...body.matchAll(beat)].length, body);
    yield bytes;
  }
}

async function read(surface: Surface, gateway: TestGateway, heard: Heard) {
  const response = await post(gateway.url, surface, "stream");
  expect(response.status).toBe(200);
  return readEvents(beating(response, heard), surface);
}

test.each(cases)("a call lives through silence before and within its output, %s before %s", async (...row) => {
  const [, , surface, dialect] = row;
  const silent = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await silent[0].promise;
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(dialect.preamble, dialect.text("Hel"));
    await silent[1].promise;
    await connection.write(dialect.text("lo"), dialect.finish, dialect.done);
    connection.end();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind), streams });
  let before: number | undefined;
  const { events, text } = await read(surface, gateway, (beats, body) => {
    if (beats >= 2) silent[0].resolve();
    if (body.includes('"Hel"')) before ??= beats;
    if (before !== undefined && beats > before) silent[1].resolve();
  });
  expect(text).toBe("Hello");
  expect(events.some(surface.isEnd)).toBe(true);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(1);
});

test.each(cases)("a failure after the first sign of life is an error event, %s before %s", async (...row) => {
  const [, , surface, dialect] = row;
  const alive = Promise.withResolvers<void>();
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await alive.promise;
    await connection.respond(503);
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind), streams });
  const { events, text } = await read(surface, gateway, (beats) => void (beats > 0 && alive.resolve()));
  const { status: _, ...error } = surface.errors["PROVIDER_OVERLOADED"] ?? { status: 0 };
  expect(errorIn(surface, events.at(-1)?.data ?? "")).toEqual({ ...error, reason: "PROVIDER_OVERLOADED" });
  expect([text, events.filter(surface.isEnd)]).toEqual(["", []]);
});
