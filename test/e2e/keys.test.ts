import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { Code, type ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { TestGateway } from "../support/gateway.ts";
import { callers } from "./callers.ts";

const sha256 = (secret: string) => createHash("sha256").update(secret).digest("hex");
const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({
    providers: { simulator: {} },
    models: { aliases: { fast: "simulator/gpt:pace-0:first-token-0" } },
    auth: {
      mode: "keys",
      keys: [
        { id: "all", sha256: sha256("lh_all") },
        { id: "some", sha256: sha256("lh_some"), models: ["fast", "simulator/claude*"] },
        { id: "old", sha256: sha256("lh_old"), expireTime: "2020-01-01T00:00:00Z" },
        { id: "held", sha256: sha256("lh_held"), suspended: true },
      ],
    },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = { model: "fast", input: "hi" };

function seen(error: ConnectError): [Code, string | undefined] {
  return [error.code, error.findDetails(ErrorInfoSchema)[0]?.reason];
}

test.each([
  ["lh_wrong", Code.Unauthenticated, "API_KEY_INVALID"],
  ["lh_old", Code.Unauthenticated, "API_KEY_EXPIRED"],
  ["lh_held", Code.PermissionDenied, "API_KEY_SUSPENDED"],
])("the key %s opens nothing", async (secret, code, reason) => {
  expect(seen(await gateway.failure(ask, bearer(secret)))).toEqual([code, reason]);
  const { events, error } = await gateway.stream(ask, bearer(secret));
  expect([events, error && seen(error)]).toEqual([[], [code, reason]]);
});

test.each(Object.entries(callers))("%s: no key, no answer", async (_, callerOf) => {
  const caller = callerOf(gateway.address);
  const { events, failure } = await caller.stream(ask);
  expect(events).toEqual([]);
  for (const each of [failure, await caller.complete(ask)]) {
    expect(each).toMatchObject({ code: Code.Unauthenticated, info: { reason: "CREDENTIALS_MISSING" } });
  }
});

test("a key opens what its patterns name, by either header", async () => {
  for (const headers of [{ authorization: "Bearer lh_some" }, { "x-api-key": "lh_some" }]) {
    expect((await gateway.complete(ask, { headers })).routing?.policy).toBe("aliases/fast");
  }
  const claude = { ...ask, model: "simulator/claude:pace-0:first-token-0" };
  expect((await gateway.complete(claude, bearer("lh_some"))).routing?.model).toBe(claude.model);
  for (const model of ["simulator/gpt", "simulator/gpt:pace-0:first-token-0", "nobody/claude"]) {
    const error = await gateway.failure({ ...ask, model }, bearer("lh_some"));
    expect(seen(error)).toEqual([Code.PermissionDenied, "PERMISSION_DENIED"]);
  }
  expect((await gateway.complete({ ...ask, model: "simulator/gpt:pace-0" }, bearer("lh_all"))).message).toBeDefined();
});

test("a key lists only the models that it opens", async () => {
  const client = createClient(ModelService, gateway.transport);
  const list = async (secret: string) => (await client.listModels({}, bearer(secret))).models.map(({ name }) => name);
  const all = await list("lh_all");
  const some = await list("lh_some");
  expect(some.length).toBeLessThan(all.length);
  expect(some.some((name) => name.includes("claude"))).toBe(true);
});

test("probes need no key", async () => {
  expect((await createClient(Health, gateway.transport).check({})).status).toBe(1);
});

test("metrics know callers by the id of their key, and no secret", async () => {
  await gateway.complete(ask, bearer("lh_all"));
  const metrics = await gateway.metrics();
  expect(metrics).not.toContain("lh_all");
  expect(metrics).not.toContain(sha256("lh_all"));
});

test("a key that a reload suspends or takes away opens nothing any more, on connections that have shown it, too", async () => {
  const entry = (id: string, more: object = {}) => ({ id, sha256: sha256(`lh_${id}`), ...more });
  const config = (...keys: object[]) => ({ providers: { simulator: {} }, auth: { mode: "keys", keys } });
  await using gateway = await TestGateway.start(config(entry("a"), entry("b")));
  const [agentOfA, agentOfB] = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  /** Status of a plain answer, and whether it came on a connection that had answered before. */
  const plain = async (secret: string, agent: Agent | undefined): Promise<[number | undefined, boolean]> => {
    const asked = request(`${gateway.url}/v1/models`, { agent, headers: { "x-api-key": secret } }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    await once(response.resume(), "end");
    return [response.statusCode, asked.reusedSocket];
  };
  const model = { ...ask, model: "simulator/gpt:pace-0:first-token-0" };
  for (const secret of ["lh_b", "lh_a"]) await gateway.complete(model, bearer(secret));
  expect(await plain("lh_a", agentOfA)).toEqual([200, false]);
  expect(await plain("lh_b", agentOfB)).toEqual([200, false]);
  expect(await plain("lh_b", agentOfB)).toEqual([200, true]);
  await gateway.reload(config(entry("a", { suspended: true }), entry("c")));
  expect(seen(await gateway.failure(model, bearer("lh_a")))).toEqual([Code.PermissionDenied, "API_KEY_SUSPENDED"]);
  expect(seen(await gateway.failure(model, bearer("lh_b")))).toEqual([Code.Unauthenticated, "API_KEY_INVALID"]);
  expect(await plain("lh_a", agentOfA)).toEqual([403, true]);
  expect(await plain("lh_b", agentOfB)).toEqual([401, true]);
  for (const agent of [agentOfA, agentOfB]) agent?.destroy();
});
