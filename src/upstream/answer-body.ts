import { GatewayError } from "../model/error.ts";
import type { Headers } from "../model/protocol.ts";
import { type BodyDecoder, bodyDecoder } from "./body-decoder.ts";
import type { Head } from "./head.ts";

/** Most bytes of a streamed answer: what 100,000 long chunks need, and what bounds a decompression bomb. */
const streamBytesMax = 64 * 1024 * 1024;
/** Most bytes of a whole answer, which has to be kept until it is complete. */
const wholeBytesMax = 24 * 1024 * 1024;
/** What is kept of the body of a response that is no answer. */
const refusalBytesMax = 64 * 1024;

/** Where the bytes go. */
export interface BodySink {
  data(bytes: Buffer): void;
  end(): void;
  fail(error: GatewayError): void;
  /** The response is no answer: an error status, or JSON where a stream was asked. */
  refused(status: number, headers: Headers, body: string): void;
  /** Writing may go on after `write` said false. */
  resumed(): void;
}

/** The body of one response: tells answers from refusals by its head, undoes compression, and bounds both. */
export class AnswerBody {
  /** The head announces an answer in the provider's dialect. */
  isAnswer = false;
  /** The head announces that there is none. */
  isRefusal = false;
  readonly #sink: BodySink;
  #decoder: BodyDecoder | undefined;
  #status = 0;
  #head: Head | undefined;
  #refusal: Buffer[] = [];
  #bytes = 0;
  #bytesMax = wholeBytesMax;

  constructor(sink: BodySink) {
    this.#sink = sink;
  }

  /**
   * Reads the head. `streamsJson`: a stream may be of that type. Throws PROVIDER_BAD_RESPONSE for redirects, web pages and content codings that are
   * too many.
   */
  begin(status: number, head: Head, stream: boolean, streamsJson: boolean): void {
    this.#status = status;
    this.#head = head;
    if (status >= 300 && status < 400)
      throw badHead("redirect", `a redirect (HTTP ${status}), which is never followed`);
    const contentType = String(head.get("content-type") ?? "").toLowerCase();
    const ok = status >= 200 && status < 300;
    if (ok && contentType.startsWith("text/html")) throw badHead("html", "a web page");
    this.isAnswer = ok && !(stream && !streamsJson && contentType.startsWith("application/json"));
    this.isRefusal = !this.isAnswer;
    this.#bytesMax = stream ? streamBytesMax : wholeBytesMax;
    const coding = head.get("content-encoding");
    if (coding === undefined) return;
    this.#decoder = bodyDecoder(coding, {
      data: (bytes) => this.#plain(bytes),
      end: () => this.complete(),
      fail: (error) => this.#sink.fail(error),
    });
  }

  /** False: pause until `resumed`. */
  write(bytes: Buffer): boolean {
    if (this.#decoder === undefined) {
      this.#plain(bytes);
      return true;
    }
    if (this.#decoder.write(bytes)) return true;
    this.#decoder.drained(() => this.#sink.resumed());
    return false;
  }

  end(): void {
    if (this.#decoder === undefined) this.complete();
    else this.#decoder.end();
  }

  pause(): void {
    this.#decoder?.pause();
  }

  resume(): void {
    this.#decoder?.resume();
  }

  destroy(): void {
    this.#decoder?.destroy();
  }

  #plain(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.isAnswer) {
      if (this.#bytes <= this.#bytesMax) this.#sink.data(bytes);
      else this.#sink.fail(badHead("too_large", `an answer above ${this.#bytesMax} bytes`));
    } else if (this.#bytes - bytes.length < refusalBytesMax) {
      this.#refusal.push(bytes);
    } else {
      // Enough is known; a body that goes on is not waited for.
      this.complete();
    }
  }

  /** Says what there is, as if the body had ended. */
  complete(): void {
    if (this.isAnswer) {
      this.#sink.end();
      return;
    }
    const body = Buffer.concat(this.#refusal).subarray(0, refusalBytesMax).toString();
    this.#sink.refused(this.#status, this.#head?.all() ?? {}, body);
  }
}

function badHead(cause: string, what: string): GatewayError {
  return new GatewayError("PROVIDER_BAD_RESPONSE", `the provider sent ${what}`, { metadata: { cause } });
}
