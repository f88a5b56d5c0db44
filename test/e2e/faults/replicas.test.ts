import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect } from "vitest";
import { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { RedisServer, testWithRedis } from "../../support/redis-server.ts";
import { ask, daily } from "../limited.ts";

testWithRedis(
  "G9, R7: two processes whose clocks are a day apart admit exactly 100 of 400 calls",
  async () => {
    await using server = await RedisServer.start();
    const sections = {
      providers: { simulator: {} },
      redis: { url: server.url, opTimeout: "2s" },
      limits: [{ scope: "key", requests: 100, ...daily }],
    };
    await using first = await GatewayProcess.start(sections);
    await using second = await GatewayProcess.start(sections, 24 * 3_600_000);
    const clients = [first, second].map(({ url }) =>
      createClient(CompletionService, createGrpcTransport({ baseUrl: url })),
    );
    for (let round = 0; round < 10; round++) {
      await server.client.flushall();
      const calls = Array.from({ length: 400 }, (_, i) => clients[i % 2]?.complete(ask));
      const answered = (await Promise.allSettled(calls)).filter(({ status }) => status === "fulfilled");
      expect(answered.length).toBe(100);
    }
  },
  90_000,
);
