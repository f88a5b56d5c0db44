import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { AttemptOutcome, type RoutingInfo, RoutingStrategy } from "../../gen/llmhub/v1/routing_pb.ts";
import type { ToolSchema } from "../../gen/llmhub/v1/tool_pb.ts";
import { type ProviderSection, TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";

const price = (dollars: number) => ({ input: dollars, output: dollars });

/** What the providers are like; all live at one upstream, which tells them apart by their key. */
const places: Readonly<Record<string, ProviderSection>> = {
  berlin: { region: "eu-central-1", tags: ["own"], models: { m: { features: ["tools"], prices: price(3) } } },
  paris: { region: "eu-west-3", models: { m: { tags: ["own"], prices: price(1) } } },
  ohio: { region: "us-east-2", models: { m: { features: ["tools", "json_schema"], prices: price(2) } } },
  nowhere: {},
};
const targets = Object.keys(places).map((id) => ({ model: `${id}/m` }));

async function world(policies: Readonly<Record<string, object>>, models: object = {}) {
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, chat.whole("Hello"));
    }
  });
  const providers = Object.fromEntries(
    Object.entries(places).map(([id, section]) => [
      id,
      { kind: chat.kind, baseUrl: `${upstream.url}/v1`, apiKey: id, ...section },
    ]),
  );
  const config = {
    providers,
    models: {
      policies: Object.fromEntries(Object.entries(policies).map(([name, policy]) => [name, { targets, ...policy }])),
      ...models,
    },
  };
  const gateway = await TestGateway.start(config).catch(async (error: unknown) => {
    await upstream[Symbol.asyncDispose]();
    throw error;
  });
  const seen = () => upstream.requests.splice(0).map(({ headers }) => headers["authorization"]?.slice(7));
  return {
    gateway,
    seen,
    /** Whom each of a policy's calls reaches. */
    reached: async (model: string, calls = 1, rest: object = {}) => {
      for (let i = 0; i < calls; i++) await gateway.complete({ model, input: "x", ...rest });
      return seen();
    },
    models: createClient(ModelService, gateway.transport),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

const tools: MessageInitShape<typeof ToolSchema>[] = [{ kind: { case: "function", value: { name: "f" } } }];
const attemptsOf = (routing: RoutingInfo | undefined) =>
  routing?.attempts.map(({ model, outcome, errorReason }) => [model, outcome, errorReason]);

test("a policy calls only the targets that its filter lets through", async () => {
  const turns = { strategy: "round-robin" };
  await using at = await world({
    europe: { ...turns, filter: { regions: ["eu"] } },
    west: { ...turns, filter: { regions: ["eu-west", "us-east-2"] } },
    own: { ...turns, filter: { tags: ["own"] } },
    tools: { ...turns, filter: { features: ["tools"] } },
    cheap: { ...turns, filter: { maxInputPrice: 2, maxOutputPrice: 2 } },
    ownTools: { ...turns, filter: { tags: ["own"], features: ["tools"] } },
  });
  expect(await at.reached("policies/europe", 3)).toEqual(["berlin", "paris", "berlin"]);
  expect(await at.reached("policies/west", 3)).toEqual(["paris", "ohio", "paris"]);
  expect(await at.reached("policies/own", 3)).toEqual(["berlin", "paris", "berlin"]);
  expect(await at.reached("policies/tools", 3)).toEqual(["berlin", "ohio", "berlin"]);
  expect(await at.reached("policies/cheap", 3)).toEqual(["paris", "ohio", "paris"]);
  expect(await at.reached("policies/ownTools", 2)).toEqual(["berlin", "berlin"]);
  const { targets, strategy } = await at.models.getModel({ name: "policies/cheap" });
  expect([targets, strategy]).toEqual([["paris/m", "ohio/m"], RoutingStrategy.ROUND_ROBIN]);
});

test("a filter that leaves nothing is a configuration that cannot work, and says why of each target", async () => {
  const nobody = { nobody: { filter: { regions: ["ap"], tags: ["own"] } } };
  await expect(world(nobody)).rejects.toThrow(
    "the filter of policies/nobody lets none of its targets through: berlin/m is in eu-central-1; paris/m is in " +
      "eu-west-3; ohio/m is in us-east-2; nowhere/m is in no region that is known",
  );
});

test("a caller may keep to regions, and hears who is in none of them", async () => {
  const aliases = { far: "ohio/m" };
  await using at = await world({ any: {}, fixed: { overridable: ["maxAttempts"] } }, { aliases });
  const routing = { regions: ["us", "ap"] };
  const answer = await at.gateway.complete({
    model: "policies/any",
    input: "x",
    view: CompletionView.FULL,
    routing,
  });
  expect(answer.routing).toMatchObject({ region: "us-east-2", model: "ohio/m" });
  const { SKIPPED, SUCCEEDED } = AttemptOutcome;
  expect(attemptsOf(answer.routing)).toEqual([
    ["berlin/m", SKIPPED, "INVALID_REQUEST"],
    ["paris/m", SKIPPED, "INVALID_REQUEST"],
    ["nowhere/m", SKIPPED, "INVALID_REQUEST"],
    ["ohio/m", SUCCEEDED, ""],
  ]);
  expect(at.seen()).toEqual(["ohio"]);
  const violationOf = async (model: string, regions: string[]) => {
    const error = await at.gateway.failure({ model, input: "x", routing: { regions } });
    const { field, reason } = error.findDetails(BadRequestSchema)[0]?.fieldViolations[0] ?? {};
    return [field, reason];
  };
  expect(await violationOf("policies/any", ["ap"])).toEqual(["routing.regions", "NO_TARGET_LEFT"]);
  expect(await violationOf("nowhere/m", ["eu"])).toEqual(["routing.regions", "NO_TARGET_LEFT"]);
  expect(await violationOf("far", ["eu"])).toEqual(["routing.regions", "NO_TARGET_LEFT"]);
  expect(await violationOf("policies/fixed", ["eu"])).toEqual(["routing.regions", "NOT_OVERRIDABLE"]);
  expect(at.seen()).toEqual([]);
});

test("where targets must be capable, a call goes to who is known to have what it needs", async () => {
  await using at = await world({
    able: { filter: { capable: true } },
    few: { targets: [{ model: "paris/m" }], filter: { capable: true } },
  });
  expect(await at.reached("policies/able")).toEqual(["berlin"]);
  expect(await at.reached("policies/able", 1, { tools })).toEqual(["berlin"]);
  const schema = { name: "s", definition: { case: "schemaJson", value: '{"type":"object"}' } } as const;
  const responseFormat = { format: { case: "jsonSchema", value: schema } } as const;
  const answer = await at.gateway.complete({
    model: "policies/able",
    input: "x",
    view: CompletionView.FULL,
    tools,
    responseFormat,
  });
  expect(attemptsOf(answer.routing)?.map(([model, , reason]) => [model, reason])).toEqual([
    ["berlin/m", "CAPABILITY_UNSUPPORTED"],
    ["paris/m", "CAPABILITY_UNSUPPORTED"],
    ["nowhere/m", "CAPABILITY_UNSUPPORTED"],
    ["ohio/m", ""],
  ]);
  expect(at.seen()).toEqual(["ohio"]);
  const [info] = (await at.gateway.failure({ model: "policies/few", input: "x", tools })).findDetails(ErrorInfoSchema);
  expect(info).toMatchObject({
    reason: "CAPABILITY_UNSUPPORTED",
    metadata: { model: "paris/m", capability: "tools", field: "tools" },
  });
  expect(at.seen()).toEqual([]);
});

test("answers and lists of models tell what a choice goes by", async () => {
  const policies = {
    cheapest: { strategy: "lowest-cost" },
    first: { strategy: "failover" },
    one: { targets: [{ model: "ohio/m" }] },
  };
  await using at = await world(policies);
  const routingOf = async (model: string, routing = {}) =>
    (await at.gateway.complete({ model, input: "x", routing })).routing;
  expect(await routingOf("policies/cheapest")).toMatchObject({
    model: "paris/m",
    region: "eu-west-3",
    strategy: RoutingStrategy.LOWEST_COST,
  });
  expect(await routingOf("policies/first")).toMatchObject({ model: "berlin/m", strategy: RoutingStrategy.PRIORITY });
  const strategy = RoutingStrategy.HEALTHIEST;
  expect(await routingOf("policies/first", { strategy })).toMatchObject({ model: "berlin/m", strategy });
  expect(await routingOf("policies/one")).toMatchObject({ strategy: RoutingStrategy.UNSPECIFIED });
  expect(await routingOf("nowhere/m")).toMatchObject({ region: "", strategy: RoutingStrategy.UNSPECIFIED });
  const { models } = await at.models.listModels({});
  expect(models.map(({ selector, region, tags }) => [selector, region, tags])).toEqual([
    ["berlin/m", "eu-central-1", ["own"]],
    ["nowhere/m", "", []],
    ["ohio/m", "us-east-2", []],
    ["paris/m", "eu-west-3", ["own"]],
  ]);
});
