import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Pool } from "undici";
import { serveParent } from "../support/child.ts";

const [origin = ""] = process.argv.slice(2);
const pool = new Pool(origin, { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

/** The least that a proxy in Node can do: bytes in, bytes out, nothing read and nothing decided. */
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    pass(request, Buffer.concat(pieces), response).catch((error) => response.destroy(error));
  });
});
await serveParent(server);

async function pass({ url = "/", headers }: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const answer = await pool.request({
    method: "POST",
    path: url,
    headers: { "content-type": headers["content-type"], authorization: headers.authorization },
    body,
  });
  response.writeHead(answer.statusCode, answer.headers);
  answer.body.pipe(response);
}
