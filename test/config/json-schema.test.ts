import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { configJsonSchema } from "../../src/config/json-schema.ts";

test("the committed schema is the one of the code; `npm run generate` writes it", async () => {
  const committed = await readFile(new URL("../../src/config/llmhub.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test("every field is described, and no map takes unknown fields", () => {
  const bare: string[] = [];
  visit(configJsonSchema(), "", bare);
  expect(bare).toEqual([]);
});

/** Notes each field without a description and each map that is open. */
function visit(schema: unknown, path: string, bare: string[]): void {
  if (typeof schema !== "object" || schema === null) return;
  const { properties, additionalProperties, anyOf, items } = schema as Record<string, unknown>;
  if (properties !== undefined && additionalProperties !== false) bare.push(`${path} is open`);
  for (const [name, field] of Object.entries(properties ?? {})) {
    if (!JSON.stringify(field).includes('"description"')) bare.push(`${path}.${name}`);
    visit(field, `${path}.${name}`, bare);
  }
  if (Array.isArray(anyOf)) for (const option of anyOf) visit(option, path, bare);
  visit(items, `${path}[]`, bare);
  visit(additionalProperties, `${path}.*`, bare);
}
