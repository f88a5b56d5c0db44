import { expect, test } from "vitest";
import { TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";
import { well } from "./scripted-providers.ts";
import { caller, TracingStage, theOne } from "./tracing-stage.ts";

const asked = { model: "a/m", input: "Say hello" };
const told = { ...caller.headers(), tracestate: "vendor=1", baggage: "user=ada" };

test("providers hear nothing of a trace unless they are to", async () => {
  await using at = await TracingStage.start({ a: well });
  await at.gateway.complete(asked, { headers: told });
  const [headers = {}] = at.headersAt("a");
  for (const name of Object.keys(told)) expect(headers).not.toHaveProperty(name);
});

test("where a provider is to, its work stands under the request to it", async () => {
  await using at = await TracingStage.start({ a: well }, { provider: { traceContext: true } });
  await at.gateway.complete(asked, { headers: told });
  const { traceId, spanId } = theOne(await at.spans(), "client");
  expect(traceId).toBe(caller.traceId);
  expect(at.headersAt("a")[0]).toMatchObject({
    traceparent: `00-${traceId}-${spanId}-01`,
    tracestate: "vendor=1",
    baggage: "user=ada",
  });
});

test("a policy goes before what is said of its providers", async () => {
  const targets = [{ model: "a/m" }];
  const policies = {
    loud: { targets, traceContext: true },
    silent: { targets, traceContext: false },
    plain: { targets },
  };
  await using at = await TracingStage.start({ a: well }, { models: { policies }, provider: { traceContext: true } });
  for (const name of ["loud", "silent", "plain"]) await at.gateway.complete({ ...asked, model: `policies/${name}` });
  expect(at.headersAt("a").map((headers) => "traceparent" in headers)).toEqual([true, false, true]);
});

test("without tracing, and of calls that are not recorded, the caller's own place is passed by", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.respond(200, chat.whole("Hello"));
  });
  await using gateway = await TestGateway.start({
    providers: { a: { kind: chat.kind, baseUrl: `${upstream.url}/v1`, traceContext: true } },
  });
  await gateway.complete(asked, { headers: told });
  expect(upstream.requests[0]?.headers).toMatchObject(told);
});
