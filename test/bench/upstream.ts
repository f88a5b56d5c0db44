import { createServer, type ServerResponse } from "node:http";
import { serveParent } from "../support/child.ts";
import { answerEvents, wholeAnswer } from "./answers.ts";
import { streamHeaders, wholeHeaders } from "./wire.ts";
import type { Shape } from "./workload.ts";

/** What upstream.c does, for machines without a compiler. */

const paceMs = 1;
/** Streams that do not come at once begin with the role and a piece of text, after which some fall silent. */
const eventsAtOnce = 2;

let shape: Shape = "unary";
process.on("message", (next: Shape) => {
  shape = next;
  process.send?.(shape);
});

const server = createServer((request, response) => {
  request.resume().once("end", () => answer(response));
});
await serveParent(server);

function answer(response: ServerResponse): void {
  if (shape === "unary") {
    response.writeHead(200, wholeHeaders).end(wholeAnswer);
    return;
  }
  response.writeHead(200, streamHeaders);
  if (shape === "burst") burst(response);
  else begin(response);
  if (shape === "paced") pace(response);
}

/** Every event as an HTTP chunk of its own, as providers send them, but in one turn and so in one write to the socket. */
function burst(response: ServerResponse): void {
  for (const event of answerEvents) response.write(event);
  response.end();
}

function begin(response: ServerResponse): void {
  response.cork();
  for (const event of answerEvents.slice(0, eventsAtOnce)) response.write(event);
  response.uncork();
}

/** One event per millisecond, each in a write of its own. */
function pace(response: ServerResponse): void {
  let next = eventsAtOnce;
  const timer = setInterval(() => {
    response.write(answerEvents[next++]);
    if (next < answerEvents.length) return;
    clearInterval(timer);
    response.end();
  }, paceMs);
  response.once("close", () => clearInterval(timer));
}
