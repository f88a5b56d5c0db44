import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { fileSections } from "./file-schema.ts";

/**
 * JSON Schema (draft 7) of the configuration file, for completion and checks in editors. It needs a development
 * dependency: only the generator and tests may import it.
 */
export function configJsonSchema(): object {
  const schema = toJsonSchema(v.looseObject(fileSections), {
    typeMode: "input",
    // Checks in code have no form in JSON Schema; the gateway makes them when it loads the file.
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === "loose_object" ? { ...jsonSchema, additionalProperties: false } : undefined,
    // A reference to the environment gets its form only when the file is loaded.
    overrideAction: ({ valibotAction, jsonSchema }) =>
      valibotAction.type === "regex" ? { ...jsonSchema, pattern: `${jsonSchema.pattern}|\\$\\{` } : undefined,
  });
  return { ...schema, title: "LLM Connector Hub", description: "Configuration of the gateway." };
}
