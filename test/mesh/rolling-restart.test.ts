import { expect } from "vitest";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { GrpcJsClient } from "../e2e/grpc-js-client.ts";
import { Load } from "./load.ts";
import { Mesh } from "./mesh.ts";
import { proxies, testWith } from "./proxy.ts";
import { until } from "./replica.ts";
import { rollingRestart, sections } from "./rolling-restart.ts";

/** A call without a word for longer than the usual time limits of routes, 15 s: only a heartbeat comes meanwhile. */
async function slowStream(client: GrpcJsClient): Promise<string[]> {
  const kinds: string[] = [];
  const value = { model: "simulator/gpt:first-token-16000:pace-0", input: "hi" };
  await client.serverStream(CompletionService.method.streamComplete, { start: { case: "request", value } }, (event) => {
    kinds.push(event.event.case ?? "");
  });
  return kinds;
}

/** They ask nobody for health, so they send calls on connections that a closing port refuses, and do not send them again. */
const restless = proxies.filter(({ name }) => name === "nghttpx" || name === "nginx");

for (const kind of restless) {
  testWith(kind)(
    `${kind.name}: calls and streams arrive whole`,
    async () => {
      await using mesh = await Mesh.start(kind, { providers: { simulator: {} } });
      using client = new GrpcJsClient(mesh.address);
      await until(async () => (await client.unary(ModelService.method.listModels, {})).models.length > 0);
      const slow = slowStream(client);
      await using load = new Load(mesh.address);
      await load.progress(100);
      await load.stop();
      expect(load.failures).toEqual([]);
      expect(await slow).toEqual(expect.arrayContaining(["started", "heartbeat", "finished"]));
    },
    120_000,
  );
}

for (const kind of proxies.filter((each) => !restless.includes(each))) {
  testWith(kind)(
    `${kind.name}: no call fails while both replicas are replaced`,
    async () => {
      await using mesh = await Mesh.start(kind, sections);
      using client = new GrpcJsClient(mesh.address);
      await until(async () => (await client.unary(ModelService.method.listModels, {})).models.length > 0);
      const slow = slowStream(client).catch((error: unknown) => [String(error)]);
      await using load = new Load(mesh.address);
      await rollingRestart(mesh, load);
      expect(await slow).toEqual(expect.arrayContaining(["started", "heartbeat", "finished"]));
    },
    120_000,
  );
}
