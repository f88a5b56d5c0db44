import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";

/** An upstream that answers when the test says so, in the order in which it was asked. */
export class HeldUpstream implements AsyncDisposable {
  readonly scripted: ScriptedUpstream;
  readonly #held: (() => void)[];
  readonly #asked: { wake: () => void };

  private constructor(scripted: ScriptedUpstream, held: (() => void)[], asked: { wake: () => void }) {
    this.scripted = scripted;
    this.#held = held;
    this.#asked = asked;
  }

  static async start(): Promise<HeldUpstream> {
    const held: (() => void)[] = [];
    const asked: { wake: () => void } = { wake: () => undefined };
    const scripted = await ScriptedUpstream.start(async (connection) => {
      for (;;) {
        await connection.request();
        await new Promise<void>((resolve) => {
          held.push(resolve);
          asked.wake();
        });
        await connection.respond(200, chat.whole("Hello"));
      }
    });
    return new HeldUpstream(scripted, held, asked);
  }

  get url(): string {
    return this.scripted.url;
  }

  /** What each request asked, in order. */
  get inputs(): string[] {
    return this.scripted.requests.map(({ body }) => JSON.parse(body).messages[0].content);
  }

  /** Resolves once so many requests have come, answered ones included. */
  async asked(count: number): Promise<void> {
    while (this.scripted.requests.length < count || this.#held.length === 0) {
      await new Promise<void>((resolve) => {
        this.#asked.wake = resolve;
      });
    }
  }

  /** Answers the oldest request. */
  answer(): void {
    this.#held.shift()?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.scripted[Symbol.asyncDispose]();
  }
}
