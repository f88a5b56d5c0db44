import type { GatewayError } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { faultOf } from "../../protocols/chat-completions/fault.ts";
import { choiceIn, noteFields, type OwnFields } from "../../protocols/chat-completions/own-fields.ts";
import { objectOf, parseObject } from "../../protocols/field.ts";

/** What Azure's content filter says of the prompt and of the answer, by category. */
export const filterFields: OwnFields = {
  note: (piece, metadata) => {
    noteFields(piece, ["prompt_filter_results"], metadata);
    const results = objectOf(objectOf(choiceIn(piece))?.["content_filter_results"]);
    // Events without text have an empty record.
    if (results !== undefined && Object.keys(results).length > 0) metadata["content_filter_results"] = results;
  },
};

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
