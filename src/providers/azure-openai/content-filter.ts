import type { JsonObject } from "@bufbuild/protobuf";
import type { GatewayError } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { faultOf } from "../../protocols/chat-completions/fault.ts";
import { type OwnFields, picked } from "../../protocols/chat-completions/own-fields.ts";
import type { ChatAnswer } from "../../protocols/chat-completions/wire.ts";
import { objectOf, parseObject } from "../../protocols/field.ts";

/** What Azure's content filter says of the prompt and of the answer, by category. */
export const filterFields: OwnFields = { metadata: filterResults };

function filterResults(piece: ChatAnswer): JsonObject | undefined {
  const ofPrompt = picked(piece, ["prompt_filter_results"]);
  const choice = objectOf(Array.isArray(piece.choices) ? piece.choices[0] : undefined);
  const results = objectOf(choice?.["content_filter_results"]);
  // Events without text have an empty record.
  if (results === undefined || Object.keys(results).length === 0) return ofPrompt;
  return { ...ofPrompt, content_filter_results: results };
}

/** The error behind a refusal of Azure's; one of the content filter names the categories that it found. */
export function faultOfAzure(failure: Failure): GatewayError {
  const error = faultOf(failure);
  if (error.reason !== "PROVIDER_CONTENT_FILTERED") return error;
  const inner = objectOf(objectOf(parseObject(failure.body)?.["error"])?.["innererror"]);
  const results = objectOf(inner?.["content_filter_result"] ?? inner?.["content_filter_results"]) ?? {};
  const found = Object.keys(results).filter((name) => objectOf(results[name])?.["filtered"] === true);
  const category = found.filter((name) => /^\w{1,32}$/.test(name)).join(",");
  return category === "" ? error : error.with({ category });
}
