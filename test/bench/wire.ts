import { answerEvents, answerHeaders, wholeAnswer } from "./answers.ts";

/** Headers of whole answers and of streams. */
export const wholeHeaders = {
  ...answerHeaders,
  "content-type": "application/json",
  "content-length": `${wholeAnswer.length}`,
};
export const streamHeaders = {
  ...answerHeaders,
  "content-type": "text/event-stream; charset=utf-8",
  "transfer-encoding": "chunked",
};

/** The answers as they are on a connection, as upstream.c takes them: a count, so many lengths, and the bytes. */
export function upstreamFile(): Buffer {
  const pieces = [
    Buffer.concat([head(wholeHeaders), wholeAnswer]),
    head(streamHeaders),
    ...answerEvents.map(httpChunk),
    Buffer.from("0\r\n\r\n"),
  ];
  const numbers = Uint32Array.of(pieces.length, ...pieces.map(({ length }) => length));
  return Buffer.concat([Buffer.from(numbers.buffer), ...pieces]);
}

function head(headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join("")}\r\n`);
}

function httpChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}
