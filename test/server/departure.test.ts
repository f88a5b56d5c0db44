import { once } from "node:events";
import { constants } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { HealthCheckRequestSchema } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflectionRequestSchema } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { Edge } from "./edge.ts";
import { envelope, RawConnection } from "./grpc/raw-call.ts";

const listServices = toBinary(
  ServerReflectionRequestSchema,
  create(ServerReflectionRequestSchema, { messageRequest: { case: "listServices", value: "*" } }),
);

test.each([
  ["REFUSED_STREAM", constants.NGHTTP2_REFUSED_STREAM],
  ["INTERNAL_ERROR", constants.NGHTTP2_INTERNAL_ERROR],
  ["ENHANCE_YOUR_CALM", constants.NGHTTP2_ENHANCE_YOUR_CALM],
])("a caller that resets its stream with %s has left", async (_, code) => {
  await using edge = await Edge.start();
  await using connection = new RawConnection(edge.url);
  const ended = once(edge.events, "line");
  const held = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service: "held" }));
  const stream = connection.open("/grpc.health.v1.Health/Watch");
  stream.end(envelope(held));
  await once(stream, "data");
  stream.close(code);
  const [{ error }] = await ended;
  expect(error?.reason).toBe("CANCELLED");
  await setImmediate();
  expect(edge.logged.filter((line) => line.includes("handler"))).toEqual([]);
});

test("a caller that leaves a stream of both directions is no failure of its handler", async () => {
  await using edge = await Edge.start();
  const connection = new RawConnection(edge.url);
  const ended = once(edge.events, "line");
  const stream = connection.open("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  stream.write(envelope(listServices));
  await once(stream, "data");
  await connection[Symbol.asyncDispose]();
  const [{ error }] = await ended;
  expect(error?.message).toContain("the connection of the caller broke");
  await setImmediate();
  expect(edge.logged).toEqual([]);
});
