import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { HealthCheckRequestSchema } from "../../gen/grpc/health/v1/health_pb.ts";
import { Edge } from "./edge.ts";
import { envelope, RawConnection } from "./grpc/raw-call.ts";

const asking = (service: string) =>
  envelope(toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })));
const path = "/grpc.health.v1.Health";

test("what comes after a message is trailers", async () => {
  await using edge = await Edge.start();
  await using connection = new RawConnection(edge.url);
  const whole = await connection.call(`${path}/Check`, asking(""));
  expect(whole.headers["grpc-status"]).toBeUndefined();
  expect(whole.trailers["grpc-status"]).toBe("0");
  const broken = await connection.call(`${path}/Watch`, asking("bug"));
  expect(broken.headers["grpc-status"]).toBeUndefined();
  expect([broken.trailers["grpc-status"], broken.info?.reason]).toEqual(["13", "INTERNAL"]);
});

test("what the framework refuses without a status of gRPC keeps its status of HTTP", async () => {
  await using edge = await Edge.start();
  await using connection = new RawConnection(edge.url);
  const { headers } = await connection.call(`${path}/Check`, asking(""), { "content-type": "application/grpc+thrift" });
  expect(headers).toMatchObject({ ":status": 415 });
});
