import { expect, test } from "vitest";
import { connectHub, type HubClient } from "../../src/client.ts";
import { createHub } from "../../src/library.ts";
import { chat, request } from "../e2e/faults/dialects.ts";
import { pieceChars, pieces, startPushing } from "../e2e/faults/pushing.ts";
import { TestGateway } from "../support/gateway.ts";

const providersAt = (url: string) => ({ up: { kind: chat.kind, baseUrl: `${url}/v1` } });

/** Reads one piece, then none until the provider has come to a stop, then all. */
async function readSlowly(hub: HubClient, stalled: Promise<number>): Promise<void> {
  const text = hub.stream(request).text();
  let chars = (await text.next()).value?.length ?? 0;
  // Buffers of the system hold some MiB on each connection.
  expect(await stalled).toBeLessThan(24 * 1024 * 1024);
  for await (const piece of text) chars += piece.length;
  expect(chars).toBe(pieces * pieceChars);
}

test("who reads slowly slows the provider down, over a connection", async () => {
  const { upstream, stalled } = await startPushing(chat);
  await using disposed = upstream;
  await using gateway = await TestGateway.start({ providers: providersAt(disposed.url) });
  await using hub = connectHub({ baseUrl: gateway.url });
  await readSlowly(hub, stalled);
}, 60_000);

test("who reads slowly slows the provider down, in the process", async () => {
  const { upstream, stalled } = await startPushing(chat);
  await using disposed = upstream;
  await using hub = await createHub({ config: { providers: providersAt(disposed.url) }, env: {} });
  await readSlowly(hub, stalled);
}, 60_000);
