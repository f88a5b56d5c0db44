import { expect, test } from "vitest";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import { caller, ofKind } from "./tracing-stage.ts";
import { crewOf, toBoth } from "./workers-stage.ts";

const asked = { model: "simulator/gpt", input: "Say hi" };
const ofCaller = new RegExp(`^.*"traceId":"${caller.traceId}".*\n`, "m");

test("each worker sends its own spans, as an instance of its own, and lines of the log lead to them", async () => {
  await using receiver = await OtlpReceiver.start();
  const tracing = {
    endpoint: receiver.url,
    interval: "1ms",
    attributes: { "service.instance.id": "edge-7" },
  };
  await using gateway = await crewOf({ providers: { simulator: {} }, tracing });
  const both = await toBoth(gateway);
  for (const connection of both) await connection.complete(asked);
  const calls = () => ofKind(receiver.spans, "server").filter(({ name }) => name.endsWith("/Complete"));
  await receiver.until(() => calls().length === 2);
  const instances = calls().map(({ resource }) => [resource["llmhub.worker"], resource["service.instance.id"]]);
  expect(instances.sort()).toEqual([
    ["1", "edge-7-1"],
    ["2", "edge-7-2"],
  ]);
  for (const { traceId, spanId } of calls()) {
    await gateway.program.said(new RegExp(`"traceId":"${traceId}","spanId":"${spanId}".*"msg":"call"`));
  }
  const exemplars = await (
    await fetch(`${gateway.opsUrl}/metrics`, { headers: { accept: "application/openmetrics-text" } })
  ).text();
  expect(exemplars).toMatch(/^llmhub_call_duration_seconds_bucket.* # \{trace_id="[0-9a-f]{32}"/m);
  for (const connection of both) connection[Symbol.dispose]();
});

test("without tracing the log has the ids that the caller sent, of calls that are refused as well", async () => {
  await using gateway = await crewOf({ providers: { simulator: {} } });
  const headers = caller.headers();
  await expect(gateway.complete(asked, { headers })).rejects.toThrow("API key");
  const line = await gateway.program.said(ofCaller);
  expect(line).toContain(`"spanId":"${caller.spanId}"`);
  expect(line).toContain("CREDENTIALS_MISSING");
  const [one, two] = await toBoth(gateway);
  await one.complete(asked, { headers });
  await gateway.program.said(new RegExp(`"traceId":"${caller.traceId}","spanId":"${caller.spanId}".*"code":"OK"`));
  for (const connection of [one, two]) connection[Symbol.dispose]();
});
