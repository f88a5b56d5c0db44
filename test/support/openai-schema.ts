import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

/** What OpenAI's own description of its API says of answers. Several of its alternatives overlap. */
const spec = JSON.parse(
  readFileSync(new URL("../fixtures/specs/openai/openapi-answers.json", import.meta.url), "utf8").replaceAll(
    '"oneOf"',
    '"anyOf"',
  ),
);

const ajv = new Ajv({ strict: false, validateFormats: false, verbose: true }).addSchema(spec, "openai");

/** Tells what of a value a schema of OpenAI's forbids, each with its place and the value there; nothing where it is fine. */
export function openaiProblems(schema: string, value: unknown): readonly string[] {
  const validate = ajv.getSchema(`openai#/components/schemas/${schema}`);
  if (validate === undefined) throw new Error(`OpenAI describes no ${schema}`);
  if (validate(value) === true) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, data }) => `${instancePath} ${message}: ${JSON.stringify(data)?.slice(0, 200)}`,
  );
}
