import { type ClientHttp2Session, connect } from "node:http2";
import { type Dispatcher, Pool } from "undici";
import type { Request } from "../request.ts";
import type { Door } from "./request.ts";

const sessions = 4;

/** Calls one gateway over both doors and reads the answers to their end. */
export class Client {
  readonly #sessions: readonly ClientHttp2Session[];
  readonly #pool: Pool;
  #next = 0;

  constructor(url: string) {
    this.#sessions = Array.from({ length: sessions }, () => connect(url).on("error", () => undefined));
    this.#pool = new Pool(url, { connections: null, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 });
  }

  /** One call; the bytes of its answer. Rejects when the gateway refused it or did not finish. */
  call(door: Door, request: Request): Promise<number> {
    return door === "grpc" ? this.#grpc(request) : this.#http(request);
  }

  #grpc({ path, headers, body }: Request): Promise<number> {
    const session = this.#sessions[this.#next++ % sessions] as ClientHttp2Session;
    return new Promise((resolve, reject) => {
      let bytes = 0;
      let ending: Readonly<Record<string, unknown>> = {};
      const take = (heads: Readonly<Record<string, unknown>>) => {
        if (heads["grpc-status"] !== undefined) ending = heads;
      };
      const stream = session.request({ ":method": "POST", ":path": path, ...headers });
      stream.on("data", (piece: Buffer) => {
        bytes += piece.length;
      });
      stream.on("response", take).on("trailers", take).on("error", reject);
      stream.on("close", () => {
        if (ending["grpc-status"] === "0") resolve(bytes);
        else reject(new Error(`status ${ending["grpc-status"]}: ${decodeURIComponent(`${ending["grpc-message"]}`)}`));
      });
      stream.end(body);
    });
  }

  #http(request: Request): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#pool.dispatch({ method: "POST", ...request }, new Reading(resolve, reject));
    });
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
    void this.#pool.destroy();
  }
}

class Reading implements Dispatcher.DispatchHandler {
  readonly #resolve: (bytes: number) => void;
  readonly #reject: (error: Error) => void;
  #status = 0;
  #bytes = 0;
  #last: Buffer = Buffer.alloc(0);

  constructor(resolve: (bytes: number) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: unknown, bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#last = bytes;
  }

  onResponseEnd(): void {
    const end = this.#last.subarray(-500).toString();
    if (this.#status === 200 && !end.includes('"error":{')) this.#resolve(this.#bytes);
    else this.#reject(new Error(`status ${this.#status}: ${end}`));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}
