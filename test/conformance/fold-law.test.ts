import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProviderSection } from "../support/gateway.ts";
import { cutAt } from "./cuts.ts";
import { normal, Replay } from "./replay.ts";
import {
  asChatCompletion,
  asGenerateContent,
  asMessage,
  asOllama,
  asResponse,
  type ModelAnswer,
  modelAnswers,
  type WireAnswer,
} from "./wire-answer.ts";

const dialects: readonly [string, (answer: ModelAnswer) => WireAnswer, ProviderSection?][] = [
  ["openai", asChatCompletion],
  ["openai", asResponse, { settings: { api: "responses" } }],
  ["anthropic", asMessage],
  ["gemini", asGenerateContent],
  ["ollama", asOllama],
];

/** Shares of a body after which it is cut. */
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

describe.each(dialects)("%s", (provider, dialect, own) => {
  let replay: Replay;
  beforeAll(async () => {
    replay = await Replay.start(provider, own);
  });
  afterAll(() => replay[Symbol.asyncDispose]());

  const ask = (stream: boolean, body: Buffer, cuts: readonly number[]) => {
    const pieces = cutAt(
      body,
      cuts.map((share) => Math.floor(share * body.length)).sort((a, b) => a - b),
    );
    const headers = { "content-type": stream ? "text/event-stream" : "application/json" };
    return replay.ask({ model: `${provider}/m-1`, input: "hi" }, stream, { status: 200, headers, pieces });
  };

  test("the events of a stream add up to what the unary call answers", async () => {
    await fc.assert(
      fc.asyncProperty(modelAnswers, shares, async (answer, cuts) => {
        const { whole, streamed } = dialect(answer);
        const unary = await ask(false, whole, []);
        const stream = await ask(true, streamed, cuts);
        expect(normal(stream)).toEqual(normal(unary));
        const texts = answer.parts.filter(({ kind }) => kind === "text").flatMap(({ pieces }) => pieces);
        const seen = (unary.message?.content ?? []).map(({ part }) => (part.case === "text" ? part.value : ""));
        expect(seen.join("")).toBe(texts.join(""));
        expect(stream.usage).toMatchObject({ inputTokens: answer.inputTokens, outputTokens: answer.outputTokens });
        expect(stream.routing?.upstreamModel).toBe("m-2");
      }),
      { numRuns: 100 },
    );
  });
});
