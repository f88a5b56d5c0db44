import type { Socket } from "node:net";

/** What every client of HTTP/2 sends first (RFC 9113, 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * Looks at the first bytes of a connection, at most 24, and puts them back. `found` is called once they tell HTTP/2
 * from anything else; a socket that leaves that open for `timeoutMs`, or ends, is destroyed.
 */
export function sniffPreface(socket: Socket, timeoutMs: number, found: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const destroy = (): void => {
    socket.destroy();
  };
  const timer = setTimeout(destroy, timeoutMs);
  const look = (): void => {
    for (let chunk = socket.read(); Buffer.isBuffer(chunk); chunk = socket.read()) seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, preface.length);
    const isHttp2 = seen.subarray(0, length).equals(preface.subarray(0, length));
    if (length === 0 || (isHttp2 && length < preface.length)) return;
    stop();
    socket.unshift(seen);
    found(isHttp2);
  };
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("readable", look).off("end", destroy).off("close", stop);
  };
  socket.on("readable", look).once("end", destroy).once("close", stop);
}
