import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What happens to bytes on the way. */
type Mode = "pass" | "cut" | "black-hole" | "answer";

/** A TCP proxy that misbehaves on demand. Starts well-behaved. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mode: Mode = "pass";
  #delayMs = 0;
  #answer = "";
  #targetPort: number;
  #cutAfterBytes = Number.POSITIVE_INFINITY;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((near) => this.#join(near));
  }

  /** Listens on a port of its own, in front of another port of this machine. */
  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections through it. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Breaks every connection, and each new one at once. */
  cut(): void {
    this.#mode = "cut";
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Breaks the next connection once that many bytes have come back over it; those after it are let be. */
  cutNextAfter(bytes: number): void {
    this.#cutAfterBytes = bytes;
  }

  /** Takes connections and bytes, and passes nothing on, ever. */
  blackHole(): void {
    this.#mode = "black-hole";
  }

  /** Holds bytes back for that long, each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Answers itself, and the same to each piece that comes; nothing is passed on. */
  answer(text: string): void {
    this.#mode = "answer";
    this.#answer = text;
  }

  /** New connections go to another port. */
  lead(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** Behaves well again. What was swallowed stays lost, so connections from before are broken. */
  heal(): void {
    if (this.#mode === "black-hole") for (const socket of this.#sockets) socket.destroy();
    this.#mode = "pass";
    this.#delayMs = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    if (this.#mode === "cut") {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.#targetPort, "127.0.0.1");
    this.#pass(near, far);
    this.#pass(far, near);
    near.on("data", () => this.#mode === "answer" && near.write(this.#answer));
    let left = this.#cutAfterBytes;
    this.#cutAfterBytes = Number.POSITIVE_INFINITY;
    far.on("data", (bytes) => {
      left -= bytes.length;
      if (left <= 0) near.destroySoon();
    });
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on("data", (bytes) => {
      if (this.#mode === "black-hole" || this.#mode === "answer") return;
      if (this.#delayMs === 0) to.write(bytes);
      else setTimeout(() => to.write(bytes), this.#delayMs);
    });
  }
}
