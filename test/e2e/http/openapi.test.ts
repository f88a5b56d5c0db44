import { createHash } from "node:crypto";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExampleRequest, examplesFor, operationsOf } from "../../../src/surfaces/openapi/example.ts";
import type { JsonSchema } from "../../../src/surfaces/openapi/json-schema.ts";
import type { OpenApi, Operation } from "../../../src/surfaces/openapi/open-api.ts";
import document from "../../../src/surfaces/openapi/openapi.json" with { type: "json" };
import { TestGateway } from "../../support/gateway.ts";
import { eventsIn } from "./sse.ts";

const api: OpenApi = JSON.parse(JSON.stringify(document));
const operations = operationsOf(api);
const secret = "lh_reader";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({
    providers: { simulator: {} },
    models: { default: "simulator/echo" },
    auth: { mode: "keys", keys: [{ id: "reader", sha256: createHash("sha256").update(secret).digest("hex") }] },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(closed({ components: api.components }), "api");

/** Objects take no fields that are not documented, so that an answer with one fails. */
function closed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, held) =>
    typeof held === "object" && held?.properties !== undefined && held.type === "object"
      ? { additionalProperties: false, ...held }
      : held,
  );
}

function validatorOf(schema: JsonSchema | undefined): ValidateFunction {
  const text = JSON.stringify(closed(schema ?? {})).replaceAll('"#/', '"api#/');
  return ajv.compile(JSON.parse(text));
}

function demand(schema: JsonSchema | undefined, value: unknown): void {
  const check = validatorOf(schema);
  if (!check(value)) throw new Error(`${JSON.stringify(value)}\n${ajv.errorsText(check.errors)}`);
}

async function ask({ method, path, headers, body }: ExampleRequest, key: string = secret): Promise<Response> {
  const auth: Record<string, string> = key === "" ? {} : { "x-api-key": key };
  return fetch(gateway.url + path, {
    method,
    headers: { ...headers, ...auth },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Throws what is not documented; gives the body. */
async function demandDocumented(operation: Operation, response: Response): Promise<string> {
  const { status } = response;
  const documented = operation.responses[status] ?? operation.responses[`${Math.floor(status / 100)}XX`];
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  const content = documented?.content?.[type];
  if (content === undefined) throw new Error(`${status} with ${type} is not documented`);
  for (const name of response.headers.keys()) {
    if (/^x-(?!content-type|accel-)|^retry-after$/.test(name))
      expect(Object.keys(documented?.headers ?? {})).toContain(name);
  }
  const text = await response.text();
  if (type === "application/json") demand(content.schema, JSON.parse(text));
  if (type !== "text/event-stream") return text;
  const { events } = eventsIn(text);
  expect(events.length).toBeGreaterThan(2);
  for (const { data } of events) if (data !== "[DONE]") demand(content.schema, JSON.parse(data));
  return text;
}

function isStream(body: unknown): boolean {
  return Object(body).stream === true;
}

describe.each(operations)("%s %s", (path, method, operation) => {
  const examples = examplesFor(path, method, operation);
  const [first] = examples;

  test.each(examples)("answers the example $summary as documented", async (example) => {
    const schema = operation.requestBody?.content["application/json"]?.schema;
    if (schema !== undefined) demand(schema, example.body);
    const response = await ask(example);
    expect(response.status).toBe(200);
    const streams = isStream(example.body) || operation.responses["200"]?.content?.["application/json"] === undefined;
    expect(response.headers.get("content-type")?.startsWith("application/json")).toBe(!streams);
    await demandDocumented(operation, response);
  });

  test("needs a key unless it says that it does not", async () => {
    if (first === undefined) throw new Error("there is no example");
    const response = await ask(first, "");
    expect(response.status).toBe(operation.security?.length === 0 ? 200 : 401);
    await demandDocumented(operation, response);
  });

  test("tells of an error as documented", async () => {
    if (first?.body === undefined) return;
    const response = await ask({ ...first, body: { input: 5 } });
    expect(response.status).toBe(400);
    await demandDocumented(operation, response);
  });
});

const streamed = operations.filter(([, , { responses }]) => responses["200"]?.content?.["text/event-stream"]);

test.each(streamed)("%s: a stream that breaks, and a provider that refuses, are told as documented", async (...of) => {
  const [path, method, operation] = of;
  const example = examplesFor(path, method, operation).find(({ body }) => path === "/v1/stream" || isStream(body));
  if (example === undefined) throw new Error("no example is a stream");
  const body = { ...Object(example.body), model: "simulator/gpt:truncate" };
  const broken = await ask({ ...example, body });
  expect(broken.status).toBe(200);
  const text = await demandDocumented(operation, broken);
  expect(text).toMatch(/"reason":|"code":"unavailable"/);
  const refused = await ask({ ...example, body: { ...body, model: "simulator/gpt:429:retry-after-2" } });
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toMatch(/^[12]$/);
  await demandDocumented(operation, refused);
});

test("the description is served as it is in the repository, and the page with what keeps a browser from loading more", async () => {
  const served = await fetch(`${gateway.url}/openapi.json`);
  expect(await served.json()).toEqual(api);
  const page = await fetch(`${gateway.url}/docs`);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri/,
  );
  expect(await page.text()).toMatch(/^<!doctype html>/);
});

test("an answer with a field that is not documented would be found", () => {
  const { schemas } = api.components;
  expect(() => demand(schemas["TokenCount"], { input_tokens: 1 })).not.toThrow();
  expect(() => demand(schemas["TokenCount"], { input_tokens: 1, more: 1 })).toThrow(/additional properties/);
});
