import { expect } from "vitest";
import type { Load } from "./load.ts";
import type { Mesh } from "./mesh.ts";
import { until } from "./replica.ts";

/** What the replicas are told. */
export const sections = {
  providers: { simulator: {} },
  server: {
    // Longer than the proxies' health checks take, as a deployment sets it.
    drain: { delay: "2s", timeout: "20s" },
    // Connections are asked to leave all the time, too.
    limits: { connectionAgeMax: "3s" },
  },
};

/** Calls of each kind before, between and after the restarts. */
const calls = 50;

/** Both replicas are replaced, one after the other, under load: no call fails, and the new ones get their share. */
export async function rollingRestart(mesh: Mesh, load: Load): Promise<void> {
  try {
    await load.progress(calls);
    for (const replica of mesh.replicas) {
      await replica.replace();
      await until(async () => (await replica.metric("upstream_attempts_total", { outcome: "ok" })) > calls);
      await load.progress(calls);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
  } catch (error) {
    throw new Error([error, ...load.failures, mesh.output].join("\n"));
  }
}
