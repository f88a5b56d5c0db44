import { constants, createServer, type Http2Server, type ServerHttp2Stream, type ServerOptions } from "node:http2";
import { headerBytesMax, type ListenerLimits } from "./front.ts";

/** Bytes that a caller may send on one stream before they are read. A stalled stream holds no more. */
const streamWindowBytes = 256 * 1024;
/** The same for all streams of a connection together: what makes uploads fast on long distances. */
const sessionWindowBytes = 4 * 1024 * 1024;

/** A server for HTTP/2 that never listens: connections are handed to it. */
export function createHttp2(limits: ListenerLimits): Http2Server {
  const options: ServerOptions = {
    maxHeaderListPairs: 100,
    maxSessionMemory: 64,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    // The rule of SessionWatch is the stricter one for attackers and the milder one for callers who cancel much.
    streamResetBurst: 20_000,
    streamResetRate: 2000,
    settings: {
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: headerBytesMax,
      initialWindowSize: streamWindowBytes,
    },
  };
  return createServer(options).on("session", (session) => session.setLocalWindowSize(sessionWindowBytes));
}

/** Resets a stream whose caller has left what is ready unread for so long, be it only the end of the answer. */
export function resetStalled(stream: ServerHttp2Stream, stallMs: number): void {
  stream.setTimeout(stallMs);
  stream.on("timeout", () => {
    if (stream.writableLength > 0 || stream.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
    else stream.setTimeout(stallMs);
  });
}
