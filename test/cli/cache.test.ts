import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CacheStatisticsSchema, SystemService } from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { statsText } from "../../src/cli/cache.ts";
import { runProgram } from "../../src/cli/program.ts";
import { GatewayError } from "../../src/model/error.ts";
import { FakeShell } from "./fake-shell.ts";
import { serveRoutes } from "./gateway-stub.ts";

test("what is not known is a dash", () => {
  const counted = { cache: "responses", driver: "memory", entries: 3n, bytes: 4096n, hits: 5n, misses: 3n };
  expect(statsText([create(CacheStatisticsSchema, counted)])).toBe(
    `cache      responses
driver     memory
entries    3
bytes      4096
hits       5
misses     3
evictions  -
`,
  );
  expect(statsText([])).toContain("no cache is on");
});

test("flush sends what it is for, and stats takes none of it", async () => {
  const seen: unknown[] = [];
  await using server = await serveRoutes((router) =>
    router.service(SystemService, {
      flushCache: ({ tenant, apiKey, model }) => {
        seen.push([tenant, apiKey, model]);
        return { removed: 7n };
      },
      getDiagnostics: () => ({ caches: [{ cache: "responses", driver: "redis", hits: 1n }] }),
    }),
  );
  const said = async (...args: string[]) => {
    const shell = new FakeShell();
    const exit = await runProgram(["cache", ...args, "--address", server.address], shell);
    return [exit, shell.out];
  };
  expect(await said("flush")).toEqual([0, "removed 7\n"]);
  expect(await said("flush", "--of-tenant", "acme", "--of-key", "ci", "--of-model", "a/b", "--json")).toEqual([
    0,
    '{"removed":"7"}\n',
  ]);
  expect(seen).toEqual([
    ["", "", ""],
    ["tenants/acme", "apiKeys/ci", "a/b"],
  ]);
  expect(await said("stats")).toEqual([0, expect.stringContaining("driver     redis\nentries    -")]);
  expect(await said("stats", "--of-key", "ci")).toEqual([2, ""]);
  expect(await said("empty")).toEqual([2, ""]);
});

test("a key that may not is told what it lacks, and nothing about models", async () => {
  const message = "this API key may not make calls of operators. Ask for one with scopes: [admin]";
  await using server = await serveRoutes((router) =>
    router.service(SystemService, {
      flushCache: () => {
        throw new GatewayError("PERMISSION_DENIED", message, { metadata: { scope: "admin" } });
      },
    }),
  );
  const shell = new FakeShell();
  expect(await runProgram(["cache", "flush", "--address", server.address], shell)).toBe(5);
  expect(shell.err).toContain(message);
  expect(shell.err).not.toContain("models");
});
