import { EventEmitter, once } from "node:events";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { superviseGateway } from "../../src/cli/supervise-gateway.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { kinds, temporaryDirectory } from "../config/files.ts";

const config = await loadConfig({ env: {}, kinds });

/** A gateway that notes what is asked of it, supervised; `events` emits "report". */
function supervised(load: () => Promise<Config> = async () => config, files: readonly string[] = []) {
  const signals = new EventEmitter();
  const events = new EventEmitter();
  const drained = Promise.withResolvers<void>();
  const reloads: Config[] = [];
  const refused: unknown[] = [];
  const gateway = {
    reload: async (next: Config) => void reloads.push(next),
    reloadRefused: (error: unknown) => void refused.push(error),
    drain: () => {
      events.emit("drain");
      return drained.promise;
    },
  };
  const report = (message: string) => void events.emit("report", message);
  const exit = superviseGateway({ gateway, load, files, signals, report });
  return { signals, events, drained, reloads, refused, exit };
}

test.each(["SIGTERM", "SIGINT"])("%s drains, then ends well", async (signal) => {
  const { signals, events, drained, exit } = supervised();
  const draining = once(events, "drain");
  signals.emit(signal);
  await draining;
  drained.resolve();
  expect(await exit).toBe("ok");
});

test("a second signal ends at once", async () => {
  const { signals, events, exit } = supervised();
  const draining = once(events, "drain");
  signals.emit("SIGTERM");
  await draining;
  signals.emit("SIGINT");
  expect(await exit).toBe("failure");
});

test("SIGHUP loads the configuration again", async () => {
  const { signals, events, reloads } = supervised();
  const reported = once(events, "report");
  signals.emit("SIGHUP");
  expect(await reported).toEqual(["configuration reloaded"]);
  expect(reloads).toEqual([config]);
});

test("an invalid configuration is reported and changes nothing; the next one is tried", async () => {
  const broken = new ConfigError([{ at: "hub.yaml:1:2", path: "auth", message: "is wrong" }]);
  let loads = 0;
  const load = () => (loads++ === 0 ? Promise.reject(broken) : Promise.resolve(config));
  const { signals, events, reloads } = supervised(load);
  const first = once(events, "report");
  signals.emit("SIGHUP");
  expect(await first).toEqual(["configuration not reloaded, the old one stays:\nhub.yaml:1:2 auth: is wrong"]);
  expect(reloads).toEqual([]);
  const second = once(events, "report");
  signals.emit("SIGHUP");
  expect(await second).toEqual(["configuration reloaded"]);
});

test("signals during a reload are served by one more", async () => {
  const gate = Promise.withResolvers<Config>();
  let loads = 0;
  const { signals, events } = supervised(() => {
    loads++;
    return gate.promise;
  });
  const twice = (async () => {
    await once(events, "report");
    await once(events, "report");
  })();
  for (let i = 0; i < 50; i++) signals.emit("SIGHUP");
  gate.resolve(config);
  await twice;
  expect(loads).toBe(2);
});

test("a change of the file loads it again", async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write("hub.yaml", "auth: { mode: off }\nproviders: { simulator: }");
  const load = () => loadConfig({ path, env: {}, kinds });
  const { signals, events, drained, exit, reloads } = supervised(load, [path]);
  const reported = once(events, "report");
  await writeFile(path, "auth: { mode: off }\nproviders: { simulator: }\nlog: { level: warn }");
  expect(await reported).toEqual(["configuration reloaded"]);
  expect(reloads[0]?.log.level).toBe("warn");
  drained.resolve();
  signals.emit("SIGTERM");
  expect(await exit).toBe("ok");
});
