// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment look like this
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { kinds, loadText, problemsOf } from "./files.ts";

const simulated = "auth: { mode: off }\nproviders: { simulator: }\n";

async function tracingOf(section: string, env: Readonly<Record<string, string>> = {}) {
  const { tracing } = await loadText(`${simulated}${section}`, env);
  return (
    tracing && {
      ...tracing,
      headers: Object.fromEntries(Object.entries(tracing.headers).map(([name, value]) => [name, value.reveal()])),
    }
  );
}

test("an endpoint is enough, and without one nothing is recorded", async () => {
  expect(await tracingOf("")).toBeUndefined();
  expect(await tracingOf("tracing: { endpoint: 'http://collector:4318' }")).toEqual({
    endpoint: "http://collector:4318/v1/traces",
    headers: {},
    ratio: 1,
    followsCaller: true,
    resource: { "service.name": "llmhub" },
    timeoutMs: 10_000,
    queueMax: 4096,
    batchMax: 512,
    intervalMs: 5000,
  });
  expect(await tracingOf("tracing: { endpoint: 'http://c:4318', enabled: false }")).toBeUndefined();
});

test("a path is left as it is, and secrets come from where the others do", async () => {
  const section =
    "tracing: { endpoint: 'https://c/otlp/x', headers: { Authorization: 'Bearer ${TOKEN}' }, queueMax: 3 }";
  expect(await tracingOf(section, { TOKEN: "abc" })).toMatchObject({
    endpoint: "https://c/otlp/x",
    headers: { authorization: "Bearer abc" },
    queueMax: 3,
    batchMax: 3,
  });
});

test("OpenTelemetry's variables fill in what the file leaves open", async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318/",
    OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b",
    OTEL_EXPORTER_OTLP_TIMEOUT: "250",
    OTEL_SERVICE_NAME: "edge",
    OTEL_RESOURCE_ATTRIBUTES: "zone=b,team=c",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
  };
  const expected = {
    endpoint: "http://other:4318/v1/traces",
    headers: { "x-key": "a b" },
    timeoutMs: 250,
    resource: { "service.name": "edge", zone: "b", team: "c" },
    ratio: 0.25,
    followsCaller: true,
  };
  expect(await tracingOf("", env)).toMatchObject(expected);
  expect((await loadConfig({ env, kinds })).tracing).toMatchObject({ endpoint: expected.endpoint });
  const own = "tracing: { endpoint: 'http://own:4318', sampling: 1 }";
  // What opens the variables' receiver is not shown to the file's.
  const kept = { ...expected, endpoint: "http://own:4318/v1/traces", headers: {}, ratio: 1 };
  expect(await tracingOf(own, env)).toEqual(expect.objectContaining(kept));
  expect(await tracingOf("", { ...env, OTEL_TRACES_SAMPLER: "always_off" })).toMatchObject({
    ratio: 0,
    followsCaller: false,
  });
  expect(await tracingOf("", { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t:4318/x" })).toMatchObject({
    endpoint: "http://t:4318/x",
  });
});

test("they switch it off as well", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://other:4318" };
  expect(await tracingOf("", { ...env, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
  expect(await tracingOf("", { ...env, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
  expect(await tracingOf("tracing: { endpoint: 'http://c:1' }", { OTEL_SDK_DISABLED: "true" })).toBeUndefined();
});

test.each([
  [
    "{}",
    "hub.yaml:3:10 tracing.endpoint: is missing; add the address of a receiver of OTLP over HTTP, or set enabled: false",
  ],
  [
    "{ endpoint: 'http://c:4317' }",
    "hub.yaml:3:22 tracing.endpoint: names port 4317, where receivers speak gRPC; the gateway speaks OTLP over HTTP, on port 4318",
  ],
  [
    "{ endpoint: 'ftp://u:p@c' }",
    "hub.yaml:3:22 tracing.endpoint: must be an http:// or https:// URL without user name and password; credentials go into headers",
  ],
  ["{ endpoint: 'http://c', sampling: 2 }", "hub.yaml:3:44 tracing.sampling: must be a number from 0 to 1"],
  ["{ endpoint: 'http://c', ratio: 1 }", /^hub\.yaml:3:34 tracing\.ratio: unknown field/],
  [
    "{ endpoint: 'http://c', headers: { host: x } }",
    /tracing\.headers\.host: is a header that the gateway sets itself/,
  ],
  ["{ endpoint: 'http://c', attributes: { '1 x': y } }", /tracing\.attributes\S*: must be the name of an attribute/],
])("a section %s is refused, and it says where and how to mend it", async (section, problem) => {
  expect(await problemsOf(`${simulated}tracing: ${section}`)).toEqual([
    typeof problem === "string" ? problem : expect.stringMatching(problem),
  ]);
});

test("what a variable says wrong is told of the variable", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_TRACES_SAMPLER: "jaeger_remote" };
  await expect(loadText(simulated, env)).rejects.toThrow(
    "OTEL_TRACES_SAMPLER tracing.sampling: must be a number from 0 to 1",
  );
  await expect(loadText(simulated, { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" })).rejects.toThrow(
    "OTEL_EXPORTER_OTLP_ENDPOINT tracing.endpoint: must be an http:// or https:// URL",
  );
});
