import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * A GOAWAY that names the highest stream there can be, and so refuses none. Written past Node, which after one of its own reads
 * nothing more from a connection without calls, and so neither the answer to a ping nor what is on its way.
 */
const notice = Buffer.from("0000080700000000007fffffff00000000", "hex");
/** Longest wait for a caller to have heard. */
const heardMs = 1000;

/**
 * Asks an HTTP/2 connection to leave, and refuses nothing that is on its way: the notice takes all streams, and when the answer
 * to the ping behind it says that the caller has heard, another GOAWAY takes no more (RFC 9113, 6.8). Calls in flight go on.
 * Resolves when no call can come any more. Under TLS, where nothing can be written past Node, there is only the second GOAWAY:
 * it refuses what it crosses, as not begun, and clients and proxies repeat that elsewhere.
 */
export function askToLeave(session: ServerHttp2Session, socket: Socket): Promise<void> {
  if (session.destroyed || session.closed) return Promise.resolve();
  if (socket instanceof TLSSocket) {
    session.close();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const heard = (): void => {
      clearTimeout(timer);
      session.off("close", heard);
      if (!session.destroyed) session.close();
      resolve();
    };
    const timer = setTimeout(heard, heardMs).unref();
    session.once("close", heard);
    socket.write(notice);
    session.ping(heard);
  });
}
