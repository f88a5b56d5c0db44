import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { Load } from "./load.ts";
import { Mesh } from "./mesh.ts";
import { rollingRestart, sections } from "./rolling-restart.ts";

const serviceConfig = readFileSync(join(import.meta.dirname, "../../examples/grpc-service-config.json"), "utf8");

test("without a proxy: no call of a client that knows both replicas fails while they are replaced", async () => {
  await using mesh = await Mesh.start(undefined, sections);
  const options = { "grpc.service_config": serviceConfig, "grpc.initial_reconnect_backoff_ms": 200 };
  await using load = new Load(`ipv4:${mesh.addresses.join(",")}`, options);
  await rollingRestart(mesh, load);
}, 120_000);
