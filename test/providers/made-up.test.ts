import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { providerKinds } from "../../src/providers/index.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { TestGateway, textOf } from "../support/gateway.ts";
import { madeUp } from "../support/made-up-provider.ts";

/** One file of facts, and this line. */
const kinds = new Map([...providerKinds, [madeUp.kind, madeUp]]);
const secret = "sim-made-up";
let simulator: Simulator;
let gateway: TestGateway;

beforeAll(async () => {
  simulator = await startSimulator({ firstTokenMs: 0, tokenMs: 0, secret });
  const baseUrl = `${simulator.url}/v1`;
  gateway = await TestGateway.start({
    kinds,
    providers: { "made-up": { apiKey: secret, baseUrl }, locked: { kind: "made-up", apiKey: "another", baseUrl } },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

test.each(["made-up/fable-1", "fable-2", undefined])("a call for %s is answered, whole and streamed", async (model) => {
  const request = { ...(model === undefined ? {} : { model }), input: "count to 3" };
  const { message, routing, usage } = await gateway.complete(request);
  expect(message?.content.map(({ part }) => part.value)).toEqual(["1, 2, 3."]);
  expect(routing?.provider).toBe("made-up");
  expect(usage?.outputTokens).toBeGreaterThan(0);
  expect(textOf(await gateway.stream(request))).toBe("1, 2, 3.");
});

test("its failures are told apart", async () => {
  const reasonOf = async (model: string) => {
    const [info] = (await gateway.failure({ model, input: "hi" })).findDetails(ErrorInfoSchema);
    return info?.reason;
  };
  expect(await reasonOf("locked/fable-1")).toBe("PROVIDER_CREDENTIAL_INVALID");
  expect(await reasonOf("made-up/fable-1:429")).toBe("PROVIDER_RATE_LIMITED");
  expect(await reasonOf("made-up/fable-1:context-length")).toBe("CONTEXT_LENGTH_EXCEEDED");
});

test("it is listed like any other", async () => {
  const { providers } = await createClient(ModelService, gateway.transport).listProviders({});
  expect(providers.map(({ name }) => name)).toContain("providers/made-up");
});

test("without its line, its kind is unknown", async () => {
  const start = TestGateway.start({ providers: { "made-up": { apiKey: secret, baseUrl: simulator.url } } });
  await expect(start).rejects.toThrow(/made-up/);
});
