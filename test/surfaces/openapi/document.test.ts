import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { documented } from "../../../src/surfaces/documented.ts";
import { examplesFor, operationsOf } from "../../../src/surfaces/openapi/example.ts";
import type { OpenApi } from "../../../src/surfaces/openapi/open-api.ts";
import document from "../../../src/surfaces/openapi/openapi.json" with { type: "json" };

const api: OpenApi = JSON.parse(JSON.stringify(document));

test("is a valid document of OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
  expect([valid, errors]).toEqual([true, undefined]);
  expect(validator.version).toBe("3.1");
});

test("has every route, and an example of each", () => {
  const operations = operationsOf(api);
  expect(operations.map(([path, method]) => `${method.toUpperCase()} ${path}`)).toEqual(Object.keys(documented));
  expect(operations.filter((operation) => examplesFor(...operation).length === 0)).toEqual([]);
  const ids = operations.map(([, , { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("points to what it has, and to everything that it has", () => {
  const text = JSON.stringify(api);
  const pointed = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, path = ""]) => path));
  const { schemas, parameters, headers } = api.components;
  const held = Object.entries({ schemas, parameters, headers }).flatMap(([kind, all]) =>
    Object.keys(all).map((name) => `${kind}/${name}`),
  );
  expect([...pointed].sort()).toEqual(held.sort());
});

test("says what every reason of an error means", () => {
  expect(api["x-llmhub-errors"].filter(({ meaning }) => meaning === "")).toEqual([]);
});

test("says what every message of the hub's own API is, and each of its fields", () => {
  const bare = Object.entries(api.components.schemas).flatMap(([name, { description = "", properties = {} }]) => {
    if (!name.startsWith("llmhub.")) return [];
    const fields = Object.entries(properties).filter(([, field]) => (field.description ?? "") === "");
    return [...(description === "" ? [name] : []), ...fields.map(([field]) => `${name}.${field}`)];
  });
  expect(bare).toEqual([]);
});
