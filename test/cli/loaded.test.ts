import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Program } from "../support/program.ts";
import { root } from "../support/source.ts";

/** Tells at the end which modules were loaded. */
const preload = `import { registerHooks } from "node:module";
import { writeSync } from "node:fs";
const urls = [];
registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context); } });
process.on("exit", () => writeSync(2, "loaded " + urls.join(" ") + "\\nthat was all\\n"));`;

test("a gateway with one provider starts from the sources without what it has no use for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-loaded-"));
  try {
    const path = join(folder, "hub.yaml");
    const server = { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0" };
    const config = { server, auth: { mode: "off" }, log: { format: "json" }, providers: { openai: { apiKey: "sk" } } };
    writeFileSync(path, JSON.stringify(config));
    const hook = `data:text/javascript,${encodeURIComponent(preload)}`;
    const words = ["--import", hook, join(root, "src/main.js"), "serve", "--config", path];
    await using gateway = new Program([process.execPath, ...words]);
    await gateway.said(/serving calls/);
    process.kill(gateway.pid, "SIGTERM");
    await gateway.said(/that was all/);
    const loaded = gateway.output.split(/\s/).filter((word) => word.startsWith("file:"));
    expect(loaded.length).toBeGreaterThan(200);
    const useless =
      /\/src\/simulator\/|\/src\/cli\/(?:ask|channel|models|cache|simulate|keys|check-config)\.ts|openapi\.json|\/node_modules\/(?:ioredis|@aws-sdk|@smithy|pino-pretty|rolldown)\//;
    expect(loaded.filter((url) => useless.test(url))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
