import { createServer, type ServerResponse } from "node:http";
import { serveParent } from "../support/child.ts";
import { answerEvents, answerHeaders, wholeAnswer } from "./answers.ts";
import type { Shape } from "./workload.ts";

const wholeHeaders = { ...answerHeaders, "content-type": "application/json", "content-length": wholeAnswer.length };
const streamHeaders = {
  ...answerHeaders,
  "content-type": "text/event-stream; charset=utf-8",
  "transfer-encoding": "chunked",
};
const paceMs = 1;

let shape: Shape = "unary";
process.on("message", (next: Shape) => {
  shape = next;
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
  else pace(response);
}

/** Every event as an HTTP chunk of its own, as providers send them, but in one turn and so in one write to the socket. */
function burst(response: ServerResponse): void {
  for (const event of answerEvents) response.write(event);
  response.end();
}

/** One event per millisecond, each in a write of its own. */
function pace(response: ServerResponse): void {
  let next = 0;
  const timer = setInterval(() => {
    response.write(answerEvents[next++]);
    if (next < answerEvents.length) return;
    clearInterval(timer);
    response.end();
  }, paceMs);
  response.once("close", () => clearInterval(timer));
}
