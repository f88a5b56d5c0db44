import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { request } from "undici";
import { afterEach, expect, test } from "vitest";
import { type OpsOptions, OpsServer } from "../../src/server/ops.ts";
import { memoryLogger } from "../support/memory-logger.ts";

const open: OpsServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(facts: Partial<OpsOptions> = {}): Promise<string> {
  const server = new OpsServer({
    host: "127.0.0.1",
    port: 0,
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: async (accept) => ({ contentType: "text/plain; version=0.0.4", body: `# ${accept}\nup 1\n` }),
    log: memoryLogger(),
    ...facts,
  });
  open.push(server);
  return `http://127.0.0.1:${await server.listen()}`;
}

test("is alive while it can answer", async () => {
  const response = await request(`${await start()}/livez`);
  expect([response.statusCode, await response.body.text()]).toEqual([200, "ok\n"]);
});

test("says whether it is ready, and why not", async () => {
  let state = { ready: true, reasons: ["redis is away"] };
  const url = `${await start({ readiness: () => state })}/readyz?verbose`;
  const before = await request(url);
  expect([before.statusCode, await before.body.json()]).toEqual([200, state]);
  state = { ready: false, reasons: ["draining"] };
  const after = await request(url);
  expect([after.statusCode, await after.body.json()]).toEqual([503, state]);
});

test("gives metrics in the form that was asked for", async () => {
  const response = await request(`${await start()}/metrics`, { headers: { accept: "application/openmetrics-text" } });
  expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4");
  expect(await response.body.text()).toBe("# application/openmetrics-text\nup 1\n");
});

test("survives metrics that fail", async () => {
  const url = await start({ metrics: () => Promise.reject(new Error("no metrics")) });
  expect((await request(`${url}/metrics`)).statusCode).toBe(500);
  expect((await request(`${url}/livez`)).statusCode).toBe(200);
});

test("lists its paths, and serves GET and HEAD only", async () => {
  const url = await start();
  const elsewhere = await request(`${url}/`);
  expect([elsewhere.statusCode, await elsewhere.body.text()]).toEqual([
    404,
    expect.stringMatching(/livez.*readyz.*metrics/),
  ]);
  const post = await request(`${url}/livez`, { method: "POST", body: "x" });
  expect([post.statusCode, post.headers["allow"]]).toEqual([405, "GET, HEAD"]);
  const head = await request(`${url}/livez`, { method: "HEAD" });
  expect([head.statusCode, await head.body.text(), head.headers["content-length"]]).toEqual([200, "", "3"]);
});

test("answers what is no HTTP, and closes", async () => {
  const { port } = new URL(await start());
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("\x16\x03\x01 hello\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
});
