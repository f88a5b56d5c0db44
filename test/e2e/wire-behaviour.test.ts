import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RawConnection } from "../server/grpc/raw-call.ts";
import { TestGateway } from "../support/gateway.ts";

// What proxies and the policies of meshes rely on.

const admin = "/llmhub.admin.v1.SystemService/GetDiagnostics";
const empty = Buffer.alloc(5);

let hub: TestGateway;
beforeAll(async () => {
  const auth = { mode: "off", adminWithoutKey: true };
  hub = await TestGateway.start({
    providers: { simulator: {} },
    auth,
  });
});
afterAll(() => hub[Symbol.asyncDispose]());

const disguises = [
  `/${admin}`,
  `${admin}/`,
  admin.replace("/GetDiagnostics", "//GetDiagnostics"),
  `/x/..${admin}`,
  `/.${admin}`,
  admin.replace("l", "%6c"),
  admin.replace("/GetDiagnostics", "%2FGetDiagnostics"),
  admin.toLowerCase(),
  admin.toUpperCase(),
  `${admin};x=1`,
  `${admin}%00`,
  `${admin}#x`,
  `http://other${admin}`,
];

test("calls of operators are served at their own path", async () => {
  await using connection = new RawConnection(hub.url);
  expect((await connection.call(admin, empty)).trailers["grpc-status"]).toBe("0");
  expect(await overHttp1(admin)).toBe(200);
});

test.each(disguises)("nothing leads from %s to a call of operators", async (path) => {
  await using connection = new RawConnection(hub.url);
  const { headers, trailers } = await connection.call(path, empty);
  expect(`${headers[":status"]} ${trailers["grpc-status"]}`).not.toBe("200 0");
  expect(await overHttp1(path)).not.toBe(200);
});

/** Status of the same over HTTP/1.1, in Connect's JSON. */
async function overHttp1(path: string): Promise<number | undefined> {
  const { hostname: host, port } = new URL(hub.url);
  const headers = { "content-type": "application/json" };
  const asked = request({ host, port, path, method: "POST", headers, agent: false }).end("{}");
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

test("a call without te has its trailers all the same", async () => {
  const session = connect(hub.url);
  const headers = {
    ":method": "POST",
    ":path": "/llmhub.v1.ModelService/ListModels",
    "content-type": "application/grpc",
  };
  const stream = session.request(headers).resume();
  stream.end(empty);
  const [trailers] = await once(stream, "trailers");
  expect(trailers).toMatchObject({ "grpc-status": "0" });
  session.destroy();
});
