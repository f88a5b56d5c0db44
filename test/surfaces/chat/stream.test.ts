import { create } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { StreamStartedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { ChatWriter, chatEvents } from "../../../src/surfaces/chat/stream.ts";

/** One choice: begins at once, then says what it is told. */
class Choice implements AsyncIterableIterator<readonly Chunk[]> {
  returns = 0;
  #refuse: ((error: Error) => void) | undefined;
  readonly #ready: (readonly Chunk[])[] = [
    [{ case: "started", value: create(StreamStartedSchema, { id: "cmp_1" }) }, textDelta(0, "a")],
  ];

  next(): Promise<IteratorResult<readonly Chunk[]>> {
    const value = this.#ready.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    return new Promise((_, reject) => {
      this.#refuse = reject;
    });
  }

  break(error: Error): void {
    this.#refuse?.(error);
  }

  async return(): Promise<IteratorResult<readonly Chunk[]>> {
    this.returns++;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

test("a caller that leaves between two pieces leaves nothing behind that could fail unheard", async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on("unhandledRejection", hear);
  onTestFinished(() => void process.off("unhandledRejection", hear));
  const choices = [new Choice(), new Choice()] as const;
  const events = chatEvents(choices, new ChatWriter(false));
  await events.next();
  const left = new Error("the caller left");
  for (const choice of choices) choice.break(left);
  await events.return?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(unheard).toEqual([]);
  expect(choices.map(({ returns }) => returns)).toEqual([1, 1]);
});
