import { createServer, type ServerResponse } from "node:http";
import { answerEvents, answerHeaders, pieceEvent, wholeAnswer } from "../bench/answers.ts";
import { serveParent } from "../support/child.ts";
import type { UpstreamManner, UpstreamSeen } from "./order.ts";
import { dueDigits, dueMark, pieceText } from "./piece.ts";

const wholeHeaders = { ...answerHeaders, "content-type": "application/json", "content-length": wholeAnswer.length };
const streamHeaders = { ...answerHeaders, "content-type": "text/event-stream; charset=utf-8" };
const [roleEvent = Buffer.alloc(0)] = answerEvents;
const endEvents = Buffer.concat(answerEvents.slice(-3));

let manner: UpstreamManner = { delayMs: 20, pieces: 10, gapMs: 0 };
let seen = { hits: 0, most: 0, late: 0 };
let active = 0;

process.on("message", (message: UpstreamManner | "seen") => {
  if (message !== "seen") manner = message;
  process.send?.({ ...seen, active } satisfies UpstreamSeen);
  seen = { hits: 0, most: active, late: 0 };
});

const server = createServer((request, response) => {
  seen.hits++;
  active++;
  seen.most = Math.max(seen.most, active);
  response.once("close", () => active--);
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.once("end", () => {
    const body = Buffer.concat(pieces);
    const at = body.indexOf(dueMark) + dueMark.length;
    if (Date.now() > Number(body.toString("latin1", at, at + dueDigits))) seen.late++;
    const timer = setTimeout(answer, manner.delayMs, response, body.includes('"stream":true'));
    response.once("close", () => clearTimeout(timer));
  });
});
await serveParent(server);

function answer(response: ServerResponse, stream: boolean): void {
  if (!stream) {
    response.writeHead(200, wholeHeaders).end(wholeAnswer);
    return;
  }
  const { pieces, gapMs } = manner;
  response.writeHead(200, streamHeaders);
  response.write(Buffer.concat([roleEvent, pieceEvent(pieceText(0))]));
  if (gapMs === null) return;
  if (gapMs > 0) pace(response, pieces, gapMs);
  else {
    for (let number = 1; number < pieces; number++) response.write(pieceEvent(pieceText(number)));
    response.end(endEvents);
  }
}

/** Each piece in a write of its own, at its time however late the one before was. */
function pace(response: ServerResponse, pieces: number, gapMs: number): void {
  const startMs = performance.now();
  let number = 1;
  const next = () => {
    response.write(pieceEvent(pieceText(number++)));
    if (number === pieces) response.end(endEvents);
    else timer = setTimeout(next, Math.max(0, startMs + number * gapMs - performance.now()));
  };
  let timer = setTimeout(next, gapMs);
  response.once("close", () => clearTimeout(timer));
}
