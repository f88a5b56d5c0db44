import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { beside } from "../faults/beside.ts";
import { breaks, saying } from "../faults/breaks.ts";
import { chat, messages, providerAt } from "../faults/dialects.ts";
import { pieceChars, pieces, startPushing, textOf } from "../faults/pushing.ts";
import { bodyOf, bytesOf, errorIn, post, readEvents, surfaces } from "./surface-call.ts";

const mib = 1024 * 1024;
const patient = { timeout: 10_000 };

for (const dialect of [chat, messages]) {
  for (const surface of surfaces) {
    const at = `over ${surface.name} before ${dialect.kind}`;

    test.each(breaks)(
      `%s after output is an error and no end, ${at}`,
      async (_name, play, { reason = "" }, outcome) => {
        const { upstream, heard } = await saying(dialect, play);
        await using up = upstream;
        await using both = await beside(up.url, dialect.kind, {
          timeouts: { idle: outcome === "stalled" ? "300ms" : "20s", firstOutput: "20s" },
        });
        const { gateway, spare } = both;
        const response = await post(gateway.url, surface, "stream", { model: "policies/both" });
        expect(response.status).toBe(200);
        let heardTexts = 0;
        const { events, text } = await readEvents(bytesOf(response), surface, () => {
          heardTexts += 1;
          if (heardTexts === 2) heard.text.resolve();
        });
        expect(text).toBe("Hello");
        expect(events.filter(surface.isEnd)).toEqual([]);
        const { status: _, ...error } = surface.errors[reason] ?? { status: 0 };
        expect(errorIn(surface, events.at(-1)?.data ?? "")).toEqual({ ...error, reason });
        await up.closed();
        expect([up.requests.length, spare.requests.length]).toEqual([1, 0]);
        expect(await gateway.metric("broken_streams_total", { reason })).toBe(1);
        expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome })).toBe(1);
        expect(await gateway.metric("open_streams")).toBe(0);
      },
    );

    test(`G6: a caller who does not read stops the upstream, and loses nothing, ${at}`, async () => {
      const { upstream, stalled } = await startPushing(dialect);
      await using disposed = upstream;
      await using gateway = await TestGateway.start({ providers: providerAt(disposed.url, dialect.kind) });
      const before = process.memoryUsage.rss();
      const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
        const options = { method: "POST", headers: { "content-type": "application/json" }, agent: false };
        httpRequest(gateway.url + surface.path, options, resolve)
          .on("error", reject)
          .end(bodyOf(surface, "stream"));
      });
      // Buffers of the system hold some MiB on each of the two connections; the gateway itself 256 KiB.
      expect(await stalled).toBeLessThan(24 * mib);
      expect(process.memoryUsage.rss() - before).toBeLessThan(96 * mib);
      expect(await gateway.metric("open_streams")).toBe(1);
      const read = await readEvents(response, surface);
      expect(read.events.some(surface.isEnd)).toBe(true);
      expect(read.text.length).toBe(pieces * pieceChars);
      for (let number = 0; number < pieces; number++) {
        expect(read.text.startsWith(textOf(number).slice(0, 9), number * pieceChars)).toBe(true);
      }
      expect(await gateway.metric("upstream_attempts_total", { outcome: "ok" })).toBe(1);
    }, 60_000);
  }
}

test.each(surfaces)(
  "S10: a caller whose connection breaks in the midst of a stream has left, $name",
  async (surface) => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.head(200, { "content-type": "text/event-stream" });
      await connection.write(chat.preamble);
      while (await connection.write(chat.text("x".repeat(1000))));
    });
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
    const headers = { "content-type": "application/json" };
    const call = httpRequest(gateway.url + surface.path, { method: "POST", headers, agent: false });
    call.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      call.on("response", (response) => response.once("data", () => resolve()));
      call.end(bodyOf(surface, "stream"));
    });
    call.destroy();
    await upstream.closed();
    await expect.poll(() => gateway.metric("calls_total", { code: "CANCELLED" }), patient).toBe(1);
    await expect.poll(() => gateway.metric("open_streams")).toBe(0);
    expect(await gateway.metric("broken_streams_total")).toBe(0);
  },
);
