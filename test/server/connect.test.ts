import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { text } from "node:stream/consumers";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { request } from "undici";
import { expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus as Status,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { GatewayError } from "../../src/model/error.ts";
import { ApiKeys } from "../../src/server/api-keys.ts";
import { Edge } from "./edge.ts";
import { envelope, RawConnection } from "./grpc/raw-call.ts";

type HealthClient = Client<typeof Health>;
const json = { "content-type": "application/json" };

const transports = {
  "gRPC over h2c": (baseUrl: string) => createGrpcTransport({ baseUrl }),
  "gRPC-Web over HTTP/1.1": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "gRPC-Web over h2c": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  "Connect over HTTP/1.1": (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect JSON over h2c": (baseUrl: string) =>
    createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
};

async function failure(
  promise: Promise<unknown>,
): Promise<{ code: Code; reason: string; info: Record<string, string> }> {
  const error = ConnectError.from(
    await promise.then(
      () => new Error("it succeeded"),
      (reason: unknown) => reason,
    ),
  );
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason ?? error.message, info: info?.metadata ?? {} };
}

async function statuses(client: HealthClient, service: string): Promise<Status[]> {
  const seen: Status[] = [];
  for await (const { status } of client.watch({ service })) seen.push(status);
  return seen;
}

test.each(Object.entries(transports))("%s: answers, streams and fails as itself", async (_, transport) => {
  await using edge = await Edge.start();
  const client = createClient(Health, transport(edge.url));
  expect((await client.check({})).status).toBe(Status.SERVING);
  expect(await statuses(client, "")).toEqual([Status.SERVING, Status.NOT_SERVING]);
  const bug = { code: Code.Internal, reason: "INTERNAL", info: { requestId: expect.stringMatching(/./) } };
  expect(await failure(client.check({ service: "bug" }))).toEqual(bug);
  expect(await failure(statuses(client, "bug"))).toEqual(bug);
  expect(await failure(client.list({}))).toMatchObject({ code: Code.Unimplemented, reason: "FEATURE_DISABLED" });
  expect(await failure(client.check({ service: "x".repeat(70_000) }))).toEqual({
    code: Code.ResourceExhausted,
    reason: "PAYLOAD_TOO_LARGE",
    info: { limitBytes: "65536" },
  });
  const { listModels } = createClient(ModelService, transport(edge.url.replace("127.0.0.1", "localhost")));
  expect((await listModels({})).nextPageToken).toBe("");
  expect(edge.logged.join()).toContain("TypeError");
  expect(edge.logged.join()).not.toContain("canary");
});

test("gRPC: an error before any message is one block of headers", async () => {
  await using edge = await Edge.start();
  await using connection = new RawConnection(edge.url);
  const ask = (path: string, service: string) =>
    connection.call(path, envelope(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }))));
  for (const [path, service, status] of [
    ["/grpc.health.v1.Health/Check", "bug", "13"],
    ["/grpc.health.v1.Health/Shout", "", "12"],
  ] as const) {
    const { headers, body } = await ask(path, service);
    expect([headers["grpc-status"], body.length]).toEqual([status, 0]);
    expect(headers["content-type"]).toMatch(/^application\/grpc/);
    expect(headers["grpc-status-details-bin"]).toBeDefined();
  }
  const { headers, trailers } = await ask("/grpc.health.v1.Health/Check", "");
  expect([headers["grpc-status"], trailers["grpc-status"]]).toEqual([undefined, "0"]);
});

test.each(Object.entries(transports))("%s: a silent handler ends at the deadline", async (_, transport) => {
  await using edge = await Edge.start();
  const client = createClient(Health, transport(edge.url));
  const entered = once(edge.events, "entered");
  const line = once(edge.events, "line");
  const call = client.check({ service: "deaf" }, { headers: { "x-llmhub-timeout-ms": "60" } });
  const [signal] = (await entered) as [AbortSignal];
  expect(await failure(call)).toEqual({
    code: Code.DeadlineExceeded,
    reason: "DEADLINE_EXCEEDED",
    info: { deadlineMs: "60" },
  });
  expect(signal.reason).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  const [{ error }] = await line;
  expect(error).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  edge.events.emit("release");
});

test.each(Object.entries(transports))("%s: a caller that leaves is cancelled", async (_, transport) => {
  await using edge = await Edge.start();
  const client = createClient(Health, transport(edge.url));
  const leave = new AbortController();
  const entered = once(edge.events, "entered");
  const line = once(edge.events, "line");
  const call = failure(client.check({ service: "deaf" }, { signal: leave.signal }));
  const [signal] = (await entered) as [AbortSignal];
  leave.abort();
  expect((await call).code).toBe(Code.Canceled);
  const [{ error, method }] = await line;
  expect([error?.reason, method]).toEqual(["CANCELLED", "grpc.health.v1.Health/Check"]);
  expect(signal.reason).toMatchObject({ reason: "CANCELLED" });
  expect(edge.admission.inFlight).toBe(0);
  edge.events.emit("release");
});

test("the signal stays silent after success, and the access line tells the call", async () => {
  await using edge = await Edge.start();
  const client = createClient(Health, createGrpcTransport({ baseUrl: edge.url }));
  const entered = once(edge.events, "entered");
  const line = once(edge.events, "line");
  await client.check({}, { headers: { "x-request-id": "r-1" } });
  const [signal] = (await entered) as [AbortSignal];
  expect((await line)[0]).toEqual({
    method: "grpc.health.v1.Health/Check",
    protocol: "grpc",
    requestId: "r-1",
    keyId: "",
    tenantId: "",
    durationMs: expect.any(Number),
    handled: true,
    error: undefined,
  });
  expect(signal.aborted).toBe(false);
  expect(edge.admission.inFlight).toBe(0);
});

test("authenticates before the body, on every protocol", async () => {
  const digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
  const keys = new ApiKeys(
    [{ id: "ci", sha256: digest, tenant: "", models: undefined, expireTimeMs: undefined, suspended: false }],
    Date.now,
  );
  await using edge = await Edge.start({ admission: { keys: () => keys } });
  for (const transport of Object.values(transports)) {
    const { listModels } = createClient(ModelService, transport(edge.url));
    const headers = { authorization: "Bearer secret" };
    expect((await listModels({}, { headers })).nextPageToken).toBe("ci");
    expect(await failure(listModels({}))).toMatchObject({ code: Code.Unauthenticated, reason: "CREDENTIALS_MISSING" });
  }
  const refused = edge.lines.filter(({ error }) => error !== undefined);
  expect(refused).toHaveLength(5);
  for (const line of refused) expect(line).toMatchObject({ keyId: "", requestId: expect.stringMatching(/.{36}/) });
  const path = "/llmhub.v1.ModelService/ListModels";
  const socket = connectTcp(edge.port, "127.0.0.1");
  socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99999\r\n\r\n{`);
  const [head] = (await once(socket, "data")) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1.1 401 /);
  socket.destroy();
});

test.each(["0m", "99999999H", "99999999999H", "soon"])(
  "grpc-timeout %s never reaches the framework",
  async (timeout) => {
    await using edge = await Edge.start();
    const client = createClient(Health, createGrpcTransport({ baseUrl: edge.url }));
    let ran = false;
    edge.events.once("entered", () => {
      ran = true;
    });
    const call = client.check({}, { headers: { "grpc-timeout": timeout } });
    const expected = { "0m": "DEADLINE_EXCEEDED", soon: "INVALID_REQUEST" }[timeout];
    if (expected === undefined) expect((await call).status).toBe(Status.SERVING);
    else expect(await failure(call)).toMatchObject({ reason: expected });
    expect(ran).toBe(expected === undefined);
  },
);

test("draining cuts calls with GATEWAY_DRAINING", async () => {
  await using edge = await Edge.start();
  const client = createClient(Health, createGrpcTransport({ baseUrl: edge.url }));
  const entered = once(edge.events, "entered");
  const call = failure(statuses(client, "held"));
  await entered;
  edge.admission.abortAll(new GatewayError("GATEWAY_DRAINING", "the gateway stops"));
  expect(await call).toMatchObject({ code: Code.Unavailable, reason: "GATEWAY_DRAINING" });
  edge.events.emit("release");
});

test("Connect JSON: errors carry their details readable, and no content", async () => {
  await using edge = await Edge.start();
  const url = `${edge.url}/grpc.health.v1.Health/Check`;
  const damaged = await request(url, { method: "POST", headers: json, body: '{"service": canary}' });
  const body = await damaged.body.text();
  expect(damaged.statusCode).toBe(400);
  expect(damaged.headers["x-request-id"]).toMatch(/./);
  expect(JSON.parse(body)).toMatchObject({
    code: "invalid_argument",
    details: [{ type: "google.rpc.ErrorInfo", debug: { reason: "INVALID_REQUEST", domain: "llmhub" } }],
  });
  expect(body).not.toContain("canary");
  const wrong = await request(url, { method: "POST", headers: json, body: '{"service": 12345}' });
  expect(await wrong.body.json()).toMatchObject({
    message: expect.stringMatching(/grpc.health.v1.HealthCheckRequest.service/),
  });
  const binary = await request(url, {
    method: "POST",
    headers: { "content-type": "application/proto" },
    body: "\xff\xff",
  });
  expect([binary.statusCode, await binary.body.text()]).toEqual([400, expect.stringContaining("INVALID_REQUEST")]);
});

test("takes gzip up to the limit, and no other compression", async () => {
  await using edge = await Edge.start();
  const url = `${edge.url}/grpc.health.v1.Health/Check`;
  const send = async (encoding: string, body: Buffer): Promise<[number, string]> => {
    const response = await request(url, { method: "POST", headers: { ...json, "content-encoding": encoding }, body });
    return [response.statusCode, await response.body.text()];
  };
  expect(await send("gzip", gzipSync("{}"))).toEqual([200, '{"status":"SERVING"}']);
  expect(await send("gzip", gzipSync(`{"service":"${" ".repeat(50_000_000)}"}`))).toEqual([
    429,
    expect.stringContaining("PAYLOAD_TOO_LARGE"),
  ]);
  expect(await send("gzip", Buffer.from("no gzip"))).toEqual([400, expect.stringContaining("INVALID_REQUEST")]);
  expect(await send("gzip", gzipSync("{}").subarray(0, 12))).toEqual([400, expect.stringContaining("INVALID_REQUEST")]);
  expect(await send("br", brotliCompressSync("{}"))).toEqual([501, expect.stringContaining("FEATURE_DISABLED")]);
  const client = createClient(
    Health,
    createGrpcTransport({
      baseUrl: edge.url,
      sendCompression: compressionGzip,
      acceptCompression: [compressionGzip],
      compressMinBytes: 1,
    }),
  );
  expect(await statuses(client, "x".repeat(5000))).toEqual([Status.SERVING, Status.NOT_SERVING]);
});

test.each([
  ["application/grpc-web+proto", 200, "12"],
  ["application/json", 404, undefined],
  ["application/connect+proto", 404, undefined],
])("an unknown rpc of type %s is FEATURE_DISABLED", async (type, status, grpcStatus) => {
  await using edge = await Edge.start();
  const response = await request(`${edge.url}/a.B/C`, { method: "POST", headers: { "content-type": type }, body: "" });
  expect([response.statusCode, response.headers["grpc-status"]]).toEqual([status, grpcStatus]);
  if (grpcStatus === undefined) {
    expect(await response.body.json()).toMatchObject({
      code: "unimplemented",
      details: [{ debug: { reason: "FEATURE_DISABLED", metadata: { feature: "a.B/C" } } }],
    });
  } else {
    const details = Buffer.from(String(response.headers["grpc-status-details-bin"]), "base64").toString("latin1");
    expect(details).toContain("FEATURE_DISABLED");
  }
});

test("opens no call for what the protocols do not allow", async () => {
  await using edge = await Edge.start();
  const url = `${edge.url}/grpc.health.v1.Health/Check`;
  expect((await request(url)).statusCode).toBe(405);
  expect((await request(url, { method: "POST", headers: { "content-type": "text/plain" }, body: "" })).statusCode).toBe(
    415,
  );
  expect([edge.admission.inFlight, edge.lines]).toEqual([0, []]);
});

test("tells people what the port speaks", async () => {
  await using edge = await Edge.start();
  const home = await request(edge.url);
  expect([home.statusCode, await home.body.text()]).toEqual([200, expect.stringContaining("gRPC")]);
  expect((await request(`${edge.url}/favicon.ico`)).statusCode).toBe(404);
});

test("survives a host that is none", async () => {
  await using edge = await Edge.start();
  const socket = connectTcp(edge.port, "127.0.0.1");
  socket.write("POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: a b<>\r\nconnection: close\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
});
