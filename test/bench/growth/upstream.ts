import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { serveParent } from "../../support/child.ts";
import { streamHeaders, wholeHeaders } from "../wire.ts";
import { type Answer, bytesOf } from "./answer.ts";

/** The provider, whose answers are of any size: all calls get the one that was asked for last. */

/** Events that are written in one turn. */
const eventsPerTurn = 200;

let answer: readonly Buffer[] = [];
let streams = false;
process.on("message", (next: Answer) => {
  answer = bytesOf(next);
  streams = next.kind !== "whole";
  process.send?.("ready");
});

const server = createServer((request, response) => {
  request.resume().once("end", () => void respond(response));
});
await serveParent(server);

async function respond(response: ServerResponse): Promise<void> {
  if (!streams) {
    const [body = Buffer.alloc(0)] = answer;
    response.writeHead(200, { ...wholeHeaders, "content-length": body.length }).end(body);
    return;
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.writeHead(200, streamHeaders);
  for (let at = 0; at < answer.length && !gone.signal.aborted; at += eventsPerTurn) {
    let room = true;
    for (const event of answer.slice(at, at + eventsPerTurn)) room = response.write(event);
    // A client that left drains nothing.
    await (room ? turn() : once(response, "drain", { signal: gone.signal }).catch(() => undefined));
  }
  response.end();
}
