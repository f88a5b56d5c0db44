import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { AttemptOutcome, RoutingOptionsSchema } from "../../gen/llmhub/v1/routing_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import { folded } from "../conformance/replay.ts";
import { TestGateway } from "../support/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  const prices = { input: 3, output: 15 };
  gateway = await TestGateway.start({
    providers: {
      simulator: {
        models: { "gpt:pace-0:first-token-0": { prices, maxOutputTokens: 1000 }, gpt: {}, "gpt:pace-0": {} },
      },
      other: { kind: "simulator" },
    },
    models: { aliases: { fast: "simulator/gpt:pace-0:first-token-0" } },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = { model: "fast", input: "Name a colour." };

function reasonOf(error: ConnectError): string | undefined {
  return error.findDetails(ErrorInfoSchema)[0]?.reason;
}

const requests = () => gateway.metric("upstream_attempts_total");

test("the basic view leaves out what only the full view has", async () => {
  const basic = await gateway.complete(ask);
  const full = await gateway.complete({ ...ask, view: CompletionView.FULL });
  expect(basic.routing).toMatchObject({ policy: "aliases/fast", attemptCount: 1, attempts: [] });
  expect([basic.usage?.native, basic.cost?.lines]).toEqual([undefined, []]);
  expect(full.routing?.attempts).toMatchObject([
    { number: 1, provider: "simulator", outcome: AttemptOutcome.SUCCEEDED, upstreamStatus: 200 },
  ]);
  expect(full.usage?.native).toMatchObject({ prompt_tokens: full.usage?.inputTokens });
  expect(full.cost?.lines.map(({ meter }) => meter)).toEqual(["input", "output"]);
  expect(full.cost?.total).toEqual(basic.cost?.total);
  const nanos = BigInt(full.usage?.inputTokens ?? 0) * 3000n + BigInt(full.usage?.outputTokens ?? 0) * 15_000n;
  expect(full.cost?.total).toMatchObject({ currencyCode: "USD", amountNanos: nanos });
});

test("a stream adds up to the same view", async () => {
  for (const view of [CompletionView.BASIC, CompletionView.FULL]) {
    const unary = await gateway.complete({ ...ask, view });
    const streamed = folded((await gateway.stream({ ...ask, view })).events);
    expect([streamed.usage, streamed.cost, streamed.message]).toEqual([unary.usage, unary.cost, unary.message]);
    expect(streamed.routing?.attempts).toHaveLength(unary.routing?.attempts.length ?? -1);
  }
});

test("validate_only checks, routes and estimates, and calls nobody", async () => {
  const before = await requests();
  const preview = await gateway.complete({ ...ask, seed: 7, topK: 3, validateOnly: true });
  expect(preview).toMatchObject({
    routing: { requestedModel: "fast", model: "simulator/gpt:pace-0:first-token-0", policy: "aliases/fast" },
    usage: { source: UsageSource.ESTIMATED },
    cost: { estimated: true },
  });
  expect(preview.message).toBeUndefined();
  expect(preview.warnings).toMatchObject([{ code: "SETTING_IGNORED", field: "top_k" }]);
  expect(await requests()).toBe(before);
  const invalid = await gateway.failure({ ...ask, temperature: 9, validateOnly: true });
  expect([invalid.code, reasonOf(invalid)]).toEqual([Code.InvalidArgument, "INVALID_REQUEST"]);
  const { error } = await gateway.stream({ ...ask, validateOnly: true });
  expect(error?.rawMessage).toContain("Use Complete");
});

test.each([
  ["too low", 1000n, "COST_LIMIT_EXCEEDED"],
  ["enough", 1_000_000_000n, undefined],
])("max_cost that is %s", async (_, amountNanos, reason) => {
  const before = await requests();
  const request = { ...ask, routing: { maxCost: { currencyCode: "USD", amountNanos } } };
  if (reason === undefined) {
    expect((await gateway.complete(request)).cost?.total?.amountNanos).toBeLessThan(amountNanos);
    return;
  }
  const error = await gateway.failure(request);
  expect([error.code, reasonOf(error)]).toEqual([Code.FailedPrecondition, reason]);
  expect(error.findDetails(PreconditionFailureSchema)[0]?.violations).toMatchObject([{ type: "MAX_COST" }]);
  expect(await requests()).toBe(before);
});

test("max_cost cannot be kept where no price is known", async () => {
  const routing = { maxCost: { currencyCode: "USD", amountNanos: 10n ** 12n } };
  const error = await gateway.failure({ ...ask, model: "simulator/unheard-of", routing });
  expect(reasonOf(error)).toBe("COST_LIMIT_EXCEEDED");
});

test("providers are allowed and denied", async () => {
  const failures: [MessageInitShape<typeof RoutingOptionsSchema>, string][] = [
    [{ allowedProviders: ["other"] }, "routing.allowed_providers"],
    [{ deniedProviders: ["simulator"] }, "routing.denied_providers"],
  ];
  for (const [routing, field] of failures) {
    const error = await gateway.failure({ ...ask, routing: create(RoutingOptionsSchema, routing) });
    expect(reasonOf(error)).toBe("INVALID_REQUEST");
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
      { field, reason: "NO_TARGET_LEFT" },
    ]);
  }
  const { routing } = await gateway.complete({ ...ask, routing: { allowedProviders: ["simulator"] } });
  expect(routing?.provider).toBe("simulator");
});

test("every fault of a request is named at once", async () => {
  const error = await gateway.failure({ ...ask, input: "", temperature: 9, topP: 2 });
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field) ?? [];
  expect(fields).toEqual(expect.arrayContaining(["temperature", "top_p"]));
  const { error: streamed } = await gateway.stream({ ...ask, temperature: 9 });
  expect(streamed?.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field: "request.temperature" }]);
});

test("calls of the other services are no rejections", async () => {
  const { models } = await createClient(ModelService, gateway.transport).listModels({});
  expect(models.length).toBeGreaterThan(0);
  expect(await gateway.metric("rejected_calls_total", { method: "llmhub.v1.ModelService/ListModels" })).toBe(0);
});

test("requests to the other services are held to their rules, too", async () => {
  const error = await createClient(ModelService, gateway.transport)
    .getProvider({ name: "nobody" })
    .catch(ConnectError.from);
  if (!(error instanceof ConnectError)) throw new Error("the request was accepted");
  expect([error.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "INVALID_REQUEST"]);
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field: "name" }]);
});

test("a loss is a warning, and with lossless a refusal that names it, whole, streamed and foretold", async () => {
  const lossy = { model: "simulator/claude:pace-0:first-token-0", input: "hi", seed: 7, frequencyPenalty: 1 };
  expect((await gateway.complete(lossy)).warnings.map(({ field }) => field).sort()).toEqual([
    "frequency_penalty",
    "seed",
  ]);
  const refusals = [
    await gateway.failure({ ...lossy, lossless: true }),
    (await gateway.stream({ ...lossy, lossless: true })).error,
    await gateway.failure({ ...lossy, lossless: true, validateOnly: true }),
  ];
  for (const refusal of refusals) {
    const error = ConnectError.from(refusal);
    expect([Code[error.code], reasonOf(error)]).toEqual(["InvalidArgument", "CAPABILITY_UNSUPPORTED"]);
    const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field);
    expect(fields?.sort()).toEqual(["frequency_penalty", "seed"]);
  }
  expect((await gateway.complete({ ...ask, lossless: true })).warnings).toEqual([]);
});
