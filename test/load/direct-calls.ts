import { Pool } from "undici";
import { dueMark } from "./piece.ts";
import type { Ending } from "./tally.ts";

const headers = { "content-type": "application/json", authorization: "Bearer sk-bench" };

/** Calls the upstream as an OpenAI client would: what a caller without a gateway has. */
export class DirectCalls {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: 1024, pipelining: 1 });
  }

  /** Never rejects. */
  async call(stream: boolean, timeoutMs: number): Promise<Ending> {
    const startMs = performance.now();
    const content = `What are gateways measured by? ${dueMark}${Date.now() + timeoutMs}`;
    const messages = [
      { role: "system", content: "Answer in one sentence." },
      { role: "user", content },
    ];
    const body = JSON.stringify({
      model: "gpt-4o-mini",
      messages,
      max_completion_tokens: 256,
      ...(stream && { stream }),
    });
    try {
      const answer = await this.#pool.request({ method: "POST", path: "/v1/chat/completions", headers, body });
      let firstMs: number | undefined;
      for await (const _ of answer.body) firstMs ??= performance.now() - startMs;
      const status = answer.statusCode === 200 ? "0" : `${answer.statusCode}`;
      return { status, saysWhen: false, ...(stream && { firstMs }) };
    } catch {
      return { status: undefined, saysWhen: false };
    }
  }
}
