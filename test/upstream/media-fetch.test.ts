import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GatewayError } from "../../src/model/error.ts";
import { isPrivateHost } from "../../src/model/private-address.ts";
import { MediaFetcher, type MediaFetcherOptions } from "../../src/upstream/media-fetch.ts";
import { type Script, ScriptedUpstream } from "../support/scripted-upstream.ts";

const pem = (name: string) => readFileSync(join(import.meta.dirname, `../support/certificates/${name}.pem`), "utf8");
const tls = (name: string): TlsOptions => ({ cert: pem(name), key: pem(`${name}.key`) });
/** The name in the certificate. */
const host = "elsewhere.test";
const never = new AbortController().signal;

const trusted = getCACertificates("default");
beforeAll(() => setDefaultCACertificates([...trusted, pem("ca")]));
afterAll(() => setDefaultCACertificates(trusted));

/** A fetcher for which 127.0.0.1 is public and every name leads there. */
const fetcherOf = (options: MediaFetcherOptions = {}) =>
  new MediaFetcher({
    lookup: async () => ["127.0.0.1"],
    isPrivate: (host) => host !== "127.0.0.1" && isPrivateHost(host),
    ...options,
  });
const serve = (script: Script, certificate = "wrong-name") => ScriptedUpstream.start(script, tls(certificate));
const uriOf = ({ port }: ScriptedUpstream, path = "/a.png") => `https://${host}:${port}${path}`;

/** Each request in turn, over however many connections, is answered with the next head and body. */
const answers = (...all: readonly (readonly [status: number, headers: Record<string, string>, body?: string])[]) => {
  let next = 0;
  return serve(async (connection) => {
    await connection.request();
    const [status, headers, body] = all[next++ % all.length] ?? [500, {}];
    await connection.respond(status, body, headers);
  });
};

const failure = async (fetched: Promise<unknown>): Promise<GatewayError> =>
  fetched.then(
    () => expect.unreachable("something was fetched"),
    (error) => error,
  );

test("bytes and type are fetched with a plain request that tells nothing", async () => {
  await using upstream = await answers([200, { "content-type": "Image/PNG; charset=x" }, "bytes"]);
  const { bytes, mimeType } = await fetcherOf().fetch(uriOf(upstream, "/a%20b.png?size=1#top"), never);
  expect([bytes.toString(), mimeType]).toEqual(["bytes", "image/png"]);
  expect(upstream.requests).toEqual([
    {
      method: "GET",
      path: "/a%20b.png?size=1",
      body: "",
      headers: {
        accept: "image/*, audio/*, video/*, application/pdf, text/*, */*;q=0.5",
        "accept-encoding": "identity",
        connection: "close",
        host: `${host}:${upstream.port}`,
        "user-agent": "llmhub",
      },
    },
  ]);
  await upstream.closed();
});

test.each([
  ["application/octet-stream", "application/octet-stream"],
  ['image/png", "x', ""],
  ["", ""],
])("the type %j is handed on as %j", async (contentType, mimeType) => {
  await using upstream = await answers([200, { "content-type": contentType }, "bytes"]);
  expect((await fetcherOf().fetch(uriOf(upstream), never)).mimeType).toBe(mimeType);
});

test("three redirects are followed, each looked up anew", async () => {
  await using upstream = await answers(
    [302, { location: "/b" }],
    [307, { location: "c?d" }],
    [301, { location: "" }],
    [200, { "content-type": "image/gif" }, "gif"],
  );
  const looked: string[] = [];
  const lookup = async (name: string) => {
    looked.push(name);
    return ["127.0.0.1"];
  };
  expect((await fetcherOf({ lookup }).fetch(uriOf(upstream), never)).bytes.toString()).toBe("gif");
  expect(upstream.requests.map(({ path }) => path)).toEqual(["/a.png", "/b", "/c?d", "/c?d"]);
  expect(looked).toEqual([host, host, host, host]);
});

test("a redirect loop ends", async () => {
  await using upstream = await answers([302, { location: "/secret" }]);
  const error = await failure(fetcherOf().fetch(uriOf(upstream), never));
  expect(error).toMatchObject({ reason: "INVALID_REQUEST", info: { cause: "redirect" } });
  expect(error.message).not.toContain("secret");
  expect(upstream.requests.length).toBe(4);
});

test.each([
  ["http://8.8.8.8/", "scheme"],
  ["https://8.8.8.8:25/", "port"],
  ["https://10.0.0.1/latest", "private_address"],
  ["https://[::ffff:169.254.169.254]/", "private_address"],
  ["//localhost/", "private_address"],
  ["https://user:word@8.8.8.8/", "credentials"],
  ["https://", "redirect"],
])("a redirect to %s is refused", async (location, cause) => {
  await using upstream = await answers([302, { location }]);
  expect(await failure(fetcherOf().fetch(uriOf(upstream), never))).toMatchObject({
    reason: "INVALID_REQUEST",
    info: { cause },
  });
  expect(upstream.requests.length).toBe(1);
});

test("a name that leads elsewhere the second time leads nowhere", async () => {
  await using upstream = await answers([302, { location: "/b" }]);
  let times = 0;
  const lookup = async () => [times++ === 0 ? "127.0.0.1" : "10.0.0.1"];
  const error = await failure(fetcherOf({ lookup }).fetch(uriOf(upstream), never));
  expect(error.info["cause"]).toBe("private_address");
  // One lookup for each connection: what was checked is what was used.
  expect([times, upstream.requests.length]).toEqual([2, 1]);
});

test("an address that cannot be read is refused", async () => {
  expect(await failure(fetcherOf().fetch("https://", never))).toMatchObject({
    reason: "INVALID_REQUEST",
    info: { cause: "uri" },
  });
});

test.each([204, 206, 304, 401, 404, 500, 503])("HTTP %i is not media", async (status) => {
  await using upstream = await serve(async (connection) => {
    await connection.request();
    await connection.head(status, { connection: "close" });
    connection.end();
  });
  const error = await failure(fetcherOf().fetch(uriOf(upstream, "/secret?secret"), never));
  expect(error).toMatchObject({ reason: "INVALID_REQUEST", info: { cause: "status", status: String(status) } });
  expect(error.rawMessage).toBe(`nothing can be fetched from ${host}:${upstream.port}: it answers with HTTP ${status}`);
});

test("what is compressed although it was asked for plain is refused", async () => {
  await using upstream = await answers([200, { "content-encoding": "gzip" }, "x"]);
  expect((await failure(fetcherOf().fetch(uriOf(upstream), never))).info["cause"]).toBe("content_encoding");
});

test("what says that it is too large is not read", async () => {
  await using upstream = await serve(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-length": "11" });
  });
  const error = await failure(fetcherOf({ bytesMax: 10 }).fetch(uriOf(upstream), never));
  expect(error).toMatchObject({ reason: "PAYLOAD_TOO_LARGE", info: { limitBytes: "10" } });
  await upstream.closed();
});

test("what turns out too large is read no further, and the limit itself is not too large", async () => {
  await using upstream = await serve(async (connection) => {
    await connection.request();
    await connection.head(200, { "transfer-encoding": "chunked" });
    await connection.chunk("12345", "67890");
    if (upstream.requests.length > 1) await connection.lastChunk();
    else await connection.chunk("x");
  });
  const fetcher = fetcherOf({ bytesMax: 10 });
  expect(await failure(fetcher.fetch(uriOf(upstream), never))).toMatchObject({ reason: "PAYLOAD_TOO_LARGE" });
  await upstream.closed();
  expect((await fetcher.fetch(uriOf(upstream), never)).bytes.length).toBe(10);
});

test.each([
  ["before its head", []],
  ["within its body", ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "byt"]],
])("an answer that stalls %s ends at the time limit", async (_name, pieces) => {
  await using upstream = await serve(async (connection) => {
    await connection.request();
    await connection.write(...pieces);
  });
  expect(await failure(fetcherOf({ timeoutMs: 200 }).fetch(uriOf(upstream), never))).toMatchObject({
    reason: "INVALID_REQUEST",
    info: { cause: "timeout" },
  });
  await upstream.closed();
});

test("a body that breaks off is no media", async () => {
  await using upstream = await serve(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-length": "5" });
    await connection.write("byt");
    connection.end();
  });
  expect((await failure(fetcherOf().fetch(uriOf(upstream), never))).info["cause"]).toBe("reset");
});

test("a caller who leaves closes the connection", async () => {
  const leaving = new AbortController();
  const reason = new Error("gone");
  await using upstream = await serve(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-length": "5" });
    leaving.abort(reason);
  });
  expect(await failure(fetcherOf().fetch(uriOf(upstream), leaving.signal))).toBe(reason);
  await upstream.closed();
  expect(await failure(fetcherOf().fetch(uriOf(upstream), leaving.signal))).toBe(reason);
  expect(upstream.connections.length).toBe(1);
});

test("a certificate for another name is refused", async () => {
  await using upstream = await serve(() => undefined, "server");
  expect((await failure(fetcherOf().fetch(uriOf(upstream), never))).info["cause"]).toBe("tls");
});

test("a host that is down or unknown is the address's fault", async () => {
  const upstream = await serve(() => undefined);
  const uri = uriOf(upstream);
  await upstream[Symbol.asyncDispose]();
  expect(await failure(fetcherOf().fetch(uri, never))).toMatchObject({
    reason: "INVALID_REQUEST",
    info: { cause: "connect" },
  });
  const error = await failure(fetcherOf({ lookup: async () => [] }).fetch(uri, never));
  expect(error).toMatchObject({ reason: "INVALID_REQUEST", info: { cause: "dns" } });
});

test("32 are fetched at once and 256 wait; more are refused", async () => {
  const gate = Promise.withResolvers<void>();
  const full = Promise.withResolvers<void>();
  await using upstream = await serve(async (connection) => {
    await connection.request();
    if (upstream.requests.length === 32) full.resolve();
    await gate.promise;
    await connection.respond(200, "x");
  });
  const fetcher = fetcherOf();
  const all = Array.from({ length: 32 + 256 }, () => fetcher.fetch(uriOf(upstream), never));
  expect(await failure(fetcher.fetch(uriOf(upstream), never))).toMatchObject({ reason: "GATEWAY_OVERLOADED" });
  await full.promise;
  expect(upstream.connections.length).toBe(32);
  gate.resolve();
  expect((await Promise.all(all)).length).toBe(288);
});
