import type { JsonObject } from "@bufbuild/protobuf";
import { isJson, parseExactObject } from "./field.ts";
import type { Rendering } from "./rendering.ts";

/**
 * The arguments of a tool call as an object that is written out again as the model wrote it; {} where there are none, which
 * some models write as null. Arguments that the output limit cut off are no JSON, and the rest of the conversation is still
 * to be had: {} with a warning. `field` is their path.
 */
export function toolInput(argumentsJson: string, field: string, rendering: Rendering): JsonObject {
  if (/^\s*(null)?\s*$/.test(argumentsJson)) return {};
  const input = parseExactObject(argumentsJson);
  if (input !== undefined) return input;
  if (isJson(argumentsJson)) throw rendering.invalid(field, "must be the JSON text of an object");
  rendering.changed(field, "is no JSON, as if cut off; {} is sent");
  return {};
}
