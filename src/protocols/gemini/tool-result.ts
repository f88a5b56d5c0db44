import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { ToolResult } from "../../../gen/llmhub/v1/content_pb.ts";
import { parseExact } from "../exact-json.ts";
import { isJson } from "../field.ts";
import { renderDocument, renderMedia } from "./media.ts";
import type { Rendering } from "./rendering.ts";
import type { Part } from "./wire.ts";

/** First generation whose results of functions hold media themselves. */
const mediaWithin = 3;

/** A result as it is sent: the response itself, and media for models that take it only beside the response. */
export interface RenderedResult {
  readonly response: Part;
  readonly beside: readonly Part[];
}

/** The response of a function: what it returned under "output", or what went wrong under "error". */
export function renderResult(result: ToolResult, path: string, rendering: Rendering): RenderedResult {
  const { toolCallId: id, isError } = result;
  const name = result.toolName || rendering.toolNames.get(id);
  if (name === undefined) {
    throw rendering.invalid(`${path}.tool_result.tool_name`, "is required, since results are matched by name");
  }
  const values: unknown[] = [];
  const media: Part[] = [];
  for (const [index, { part }] of result.content.entries()) {
    const place = `${path}.tool_result.content[${index}]`;
    if (part.case === "json") values.push(jsonOf(part.value));
    else if (part.case === "text") values.push(part.value);
    else {
      for (const one of besideText(part, place, rendering)) {
        if (typeof one["text"] === "string") values.push(one["text"]);
        else media.push(one);
      }
    }
  }
  const [only = ""] = values;
  const response = { [isError ? "error" : "output"]: values.length > 1 ? values : only };
  const isWithin = (rendering.generation ?? 0) >= mediaWithin && media.length > 0;
  return {
    response: { functionResponse: { id, name, response, ...(isWithin ? { parts: media } : {}) } },
    beside: isWithin ? [] : media,
  };
}

type ResultPart = ToolResult["content"][number]["part"];

function besideText(part: ResultPart, path: string, rendering: Rendering): Part[] {
  if (part.case === "media") return [renderMedia(part.value, `${path}.media`, rendering)];
  return part.case === "document" ? renderDocument(part.value, path, rendering) : [];
}

/** Text that is no JSON although it says so stays the text it is. */
function jsonOf(json: string): JsonValue | JsonObject {
  return isJson(json) ? (parseExact(json) as JsonValue) : json;
}
