import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CompleteResponse, StreamResumeSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ClientOptions, Code, type CompletionStream, connectHub, HubError, textOf } from "../../src/client.ts";
import { Fold } from "../../src/model/fold.ts";
import { PacedUpstream } from "../e2e/faults/broken-stream.ts";
import { chat, providerAt, request } from "../e2e/faults/dialects.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { TestGateway } from "../support/gateway.ts";
import { impatient, quick, TestHub } from "./hub.ts";

/** A client that reaches a gateway over a line which can be cut. */
class BrokenLine implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly #proxy: FaultProxy;

  private constructor(gateway: TestGateway, proxy: FaultProxy) {
    this.gateway = gateway;
    this.#proxy = proxy;
  }

  static async before({ url }: { readonly url: string }, sections: object = {}): Promise<BrokenLine> {
    const gateway = await TestGateway.start({ providers: providerAt(url, chat.kind), ...sections });
    return new BrokenLine(gateway, await FaultProxy.start(Number(gateway.address.split(":")[1])));
  }

  hub(options: ClientOptions = {}) {
    const baseUrl = `http://127.0.0.1:${this.#proxy.port}`;
    return connectHub({ baseUrl, retry: impatient, resume: impatient, ...options });
  }

  /** Breaks every connection; the next ones stand. */
  cut(): void {
    this.#proxy.cut();
    this.#proxy.heal();
  }

  /** Breaks every connection, now and later. */
  cutForGood(): void {
    this.#proxy.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.#proxy[Symbol.asyncDispose]();
  }
}

/** What a stream gives, and how it ends. */
async function ending(stream: CompletionStream): Promise<HubError> {
  try {
    for await (const _ of stream);
  } catch (error) {
    if (error instanceof HubError) return error;
    throw error;
  }
  throw new Error("the stream ended well");
}

test("a stream is read as events, as text or as a whole, which is the unary answer", async () => {
  await using stage = await TestHub.start();
  const asked = stage.hub.complete().model(quick).user("Count to 20");
  const unary = await asked.send();
  const events = asked.stream();
  const cases: (string | undefined)[] = [];
  for await (const { event } of events) cases.push(event.case);
  expect([cases[0], cases.at(-1)]).toEqual(["started", "finished"]);
  const texts = asked.stream();
  let text = "";
  for await (const piece of texts.text()) text += piece;
  expect(text).toBe(textOf(unary));
  const wholes = [await events.final(), await texts.final(), await asked.stream().final()];
  for (const whole of wholes) expect(comparable(whole)).toEqual(comparable(unary));
});

/** Without what differs from call to call. */
function comparable({ id: _, createTime: __, routing, ...rest }: CompleteResponse): unknown {
  return { ...rest, routing: { ...routing, upstreamRequestId: "", timeToFirstOutput: undefined } };
}

test("a stream is read once", async () => {
  await using stage = await TestHub.start();
  const stream = stage.hub.stream({ model: quick, input: "x" });
  const text = stream.text();
  await text.next();
  await expect(stream.text().next()).rejects.toThrow("a stream can be read only once");
  for await (const _ of text);
  expect(textOf(await stream.final())).not.toBe("");
  await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow(HubError);
});

test("the whole comes although a reader never began, and fails where one stays away after the signal", async () => {
  await using stage = await TestHub.start();
  const unread = stage.hub.stream({ model: quick, input: "x" });
  unread.text();
  await unread.text().return();
  expect(textOf(await unread.final())).not.toBe("");
  const controller = new AbortController();
  const paused = stage.hub.stream(
    { model: "simulator/gpt:first-token-0:stall-mid", input: "x" },
    { signal: controller.signal },
  );
  await paused[Symbol.asyncIterator]().next();
  controller.abort();
  await expect(paused.final()).rejects.toMatchObject({ code: Code.Canceled, reason: "CANCELLED" });
});

test("nothing is sent before somebody reads, and who stops reading ends the call", async () => {
  await using upstream = await PacedUpstream.start();
  await using line = await BrokenLine.before(upstream);
  await using hub = line.hub();
  const stream = hub.stream(request);
  expect(await line.gateway.metric("open_streams")).toBe(0);
  upstream.say("one ", "two ");
  for await (const piece of stream.text()) {
    expect(piece).toBe("one ");
    break;
  }
  await upstream.upstream.closed(10_000);
  await expect(stream.final()).rejects.toMatchObject({ code: Code.Canceled, reason: "CANCELLED" });
});

test("a signal and a deadline end a stream", async () => {
  await using upstream = await PacedUpstream.start();
  await using line = await BrokenLine.before(upstream);
  await using hub = line.hub();
  upstream.say("one ");
  const controller = new AbortController();
  const stream = hub.stream(request, { signal: controller.signal });
  const reading = (async () => {
    for await (const _ of stream.text()) controller.abort();
  })();
  await expect(reading).rejects.toMatchObject({ code: Code.Canceled, reason: "CANCELLED" });
  await expect(stream.final()).rejects.toThrow(HubError);
  const late = await ending(hub.stream(request, { timeoutMs: 100 }));
  expect(late).toMatchObject({ code: Code.DeadlineExceeded, reason: "DEADLINE_EXCEEDED" });
});

test("a stream whose connection breaks goes on, and each event comes once", async () => {
  await using upstream = await PacedUpstream.start();
  await using line = await BrokenLine.before(upstream);
  await using hub = line.hub();
  const stream = hub.stream(request);
  upstream.say("one ");
  const sequences: number[] = [];
  let cuts = 0;
  for await (const { sequence, event } of stream) {
    sequences.push(sequence);
    if (event.case !== "partDelta") continue;
    cuts += 1;
    line.cut();
    if (cuts < 6) upstream.say(`${cuts} `);
    else upstream.finish();
  }
  expect(sequences).toEqual(sequences.map((_, i) => i + 1));
  expect(textOf(await stream.final())).toBe("one 1 2 3 4 5 ");
  expect(await line.gateway.metric("resumed_streams_total")).toBeGreaterThanOrEqual(6);
  expect(upstream.upstream.requests).toHaveLength(1);
});

test.each([
  ["switched off", false as const],
  ["over after some tries", { attemptsMax: 3, delayMs: 1 }],
])("resuming can be %s", async (_, resume) => {
  await using upstream = await PacedUpstream.start();
  await using line = await BrokenLine.before(upstream);
  await using hub = line.hub({ resume });
  upstream.say("one ");
  const lost = (async () => {
    for await (const _ of hub.stream(request).text()) line.cutForGood();
  })();
  await expect(lost).rejects.toMatchObject({ name: "HubError", reason: "" });
});

test("a stream that the gateway does not keep is not resumed", async () => {
  await using upstream = await PacedUpstream.start();
  await using line = await BrokenLine.before(upstream, { streams: { resume: false } });
  await using hub = line.hub();
  upstream.say("one ");
  const lost = (async () => {
    for await (const _ of hub.stream(request).text()) line.cut();
  })();
  await expect(lost).rejects.toMatchObject({ name: "HubError", reason: "" });
  expect(upstream.upstream.requests).toHaveLength(1);
});

test("what the gateway says of a stream is its end", async () => {
  await using upstream = await PacedUpstream.start();
  await using line = await BrokenLine.before(upstream);
  await using hub = line.hub();
  upstream.say("one ");
  upstream.stop();
  const interrupted = await ending(hub.stream(request));
  expect(interrupted).toMatchObject({ reason: "STREAM_INTERRUPTED", failure: { outputStarted: true } });
  expect(await line.gateway.metric("resumed_streams_total")).toBe(0);
});

test("wherever the connection breaks, the whole is the same as without a break", async () => {
  const breaks = fc.uniqueArray(fc.nat({ max: 8 }), { maxLength: 5 });
  const texts = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
  const property = fc.asyncProperty(texts, breaks, async (answer, at) => {
    await using upstream = await PacedUpstream.start();
    await using line = await BrokenLine.before(upstream);
    await using hub = line.hub();
    const stream = hub.stream(request);
    let token = "";
    let count = 0;
    upstream.say(answer[0] ?? "");
    for await (const { event } of stream) {
      if (event.case === "started") token = event.value.resumeToken;
      if (event.case !== "partDelta") continue;
      // What comes next is said to a connection that is gone.
      if (at.includes(count)) line.cut();
      count += 1;
      if (count < answer.length) upstream.say(answer[count] ?? "");
      else upstream.finish();
    }
    const whole = await stream.final();
    expect(textOf(whole)).toBe(answer.join(""));
    expect(whole).toEqual(await unbroken(line.gateway, token));
  });
  await fc.assert(property, { numRuns: 30 });
});

/** The answer of a stream that is kept, read at once from its beginning. */
async function unbroken({ client }: TestGateway, token: string): Promise<CompleteResponse> {
  const fold = new Fold();
  const value = create(StreamResumeSchema, { token });
  for await (const { event } of client.streamComplete({ start: { case: "resume", value } })) {
    if (event.case !== undefined) fold.add(event);
  }
  return fold.response();
}
