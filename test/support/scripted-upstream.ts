import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** One HTTP/1.1 request as it came over the wire. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What an upstream does on each connection. What it leaves open stays open until the upstream is disposed of. */
export type Script = (connection: UpstreamConnection) => Promise<void> | void;

/** A provider played by a test: a plain TCP or TLS server that follows a script. */
export class ScriptedUpstream implements AsyncDisposable {
  /** In the order in which they came. */
  readonly connections: UpstreamConnection[] = [];
  /** Requests that a script has read, over all connections. */
  readonly requests: UpstreamRequest[] = [];
  readonly #server: Server;
  readonly #failures: unknown[] = [];
  readonly #tls: boolean;

  private constructor(script: Script, tls: TlsOptions | undefined) {
    this.#tls = tls !== undefined;
    const serve = (socket: Socket): void => {
      const connection = new UpstreamConnection(socket, this.requests);
      this.connections.push(connection);
      Promise.resolve(script(connection)).catch((error) => {
        if (!(error instanceof PeerClosed)) this.#failures.push(error);
      });
    };
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    this.#server.on("tlsClientError", () => undefined);
  }

  /** Listens on a port of its own; speaks TLS if options for that are given. */
  static async start(script: Script, tls?: TlsOptions): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(script, tls);
    await new Promise<void>((resolve) => upstream.#server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** "http://127.0.0.1:1234", or https under the name localhost, which the test certificates bear. */
  get url(): string {
    return this.#tls ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`;
  }

  /** Resolves once every connection is gone; rejects if that takes longer than semantics allow (S10: 250 ms). */
  async closed(withinMs = 250): Promise<void> {
    await Promise.all(this.connections.map((connection) => within(connection.closed, withinMs)));
  }

  /** Rejects with what a script threw, unless the gateway closed the connection under it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#failures.length > 0) throw this.#failures[0];
  }
}

/** Thrown in a script that waits for a request when the gateway has closed the connection. */
class PeerClosed extends Error {}

/** One connection of the gateway, seen from the upstream. */
export class UpstreamConnection {
  readonly socket: Socket;
  /** Resolves when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  readonly #requests: UpstreamRequest[];
  #received: Buffer = Buffer.alloc(0);
  #arrived = Promise.withResolvers<void>();

  constructor(socket: Socket, requests: UpstreamRequest[]) {
    this.socket = socket;
    this.#requests = requests;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#arrived.resolve();
    });
    this.closed = new Promise((resolve) =>
      socket.once("close", () => {
        resolve();
        this.#arrived.resolve();
      }),
    );
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** Resolves when any byte that was not read as a request has come, or the connection is gone. */
  async bytes(): Promise<void> {
    while (this.#received.length === 0 && !this.isClosed) await this.#more();
  }

  /** Reads the next request with its body. Ends the script if the gateway closes the connection instead. */
  async request(): Promise<UpstreamRequest> {
    let headEnd = this.#received.indexOf("\r\n\r\n");
    for (; headEnd === -1; headEnd = this.#received.indexOf("\r\n\r\n")) await this.#more();
    const [line = "", ...fields] = this.#received.subarray(0, headEnd).toString("latin1").split("\r\n");
    const headers = Object.fromEntries(
      fields.map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    );
    const bodyEnd = headEnd + 4 + Number(headers["content-length"] ?? 0);
    while (this.#received.length < bodyEnd) await this.#more();
    const body = this.#received.subarray(headEnd + 4, bodyEnd).toString();
    this.#received = this.#received.subarray(bodyEnd);
    const [method = "", path = ""] = line.split(" ");
    const request = { method, path, headers, body };
    this.#requests.push(request);
    return request;
  }

  /** Sends each piece by itself and lets the gateway read it. Resolves to false if the connection is gone. */
  async write(...pieces: readonly (string | Buffer)[]): Promise<boolean> {
    for (const piece of pieces) {
      const sent = await new Promise<boolean>((resolve) => {
        this.socket.write(piece, (error) => resolve(error === undefined || error === null));
      });
      if (!sent) return false;
      await new Promise(setImmediate);
    }
    return true;
  }

  /** Sends the head of a response. Without a length the body ends when the connection does. */
  async head(status: number, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.write(headOf(status, headers));
  }

  /** Sends a whole response with its length. The connection stays open for the next request. */
  async respond(
    status: number,
    body: string | Buffer = "",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const bytes = Buffer.from(body);
    const head = headOf(status, {
      "content-type": "application/json",
      "content-length": String(bytes.length),
      ...headers,
    });
    await this.write(Buffer.concat([Buffer.from(head), bytes]));
  }

  /** Begins a chunked event stream; continue it with `chunk`, end it with `lastChunk`. */
  async beginEvents(headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.head(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked", ...headers });
  }

  /** Sends each piece as a chunk of a chunked body. */
  async chunk(...pieces: readonly (string | Buffer)[]): Promise<boolean> {
    return this.write(...pieces.map(chunkOf));
  }

  /** Ends a chunked body as the protocol wants it. */
  async lastChunk(): Promise<void> {
    await this.write("0\r\n\r\n");
  }

  /** Closes in order. */
  end(): void {
    this.socket.end();
  }

  /** Breaks the connection with a RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async #more(): Promise<void> {
    if (this.isClosed) throw new PeerClosed("the gateway closed the connection");
    this.#arrived = Promise.withResolvers();
    await this.#arrived.promise;
  }
}

/** Sends a piece every few milliseconds until the connection is gone. */
export async function trickle(connection: UpstreamConnection, piece: string): Promise<void> {
  const timer = setInterval(() => void connection.write(piece), 5);
  await connection.closed;
  clearInterval(timer);
}

/** The promise, or a rejection if it takes longer than that. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function headOf(status: number, headers: Readonly<Record<string, string>>): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Scripted\r\n${fields.join("")}\r\n`;
}

function chunkOf(piece: string | Buffer): Buffer {
  const bytes = Buffer.from(piece);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}
