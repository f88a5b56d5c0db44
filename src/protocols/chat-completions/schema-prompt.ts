import { create } from "@bufbuild/protobuf";
import { type CompleteRequest, ResponseFormatSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { schemaOf } from "../schema.ts";
import type { LossReport } from "./loss-report.ts";

/**
 * For servers that promise JSON, but no schema: the request for any JSON object, and an instruction that shows the schema,
 * with a warning. The instruction comes before the conversation, so that the server's prompt cache still hits.
 */
export function schemaAsPrompt(request: CompleteRequest, losses: LossReport): CompleteRequest {
  const format = request.responseFormat?.format;
  if (format?.case !== "jsonSchema") return request;
  const path = "response_format.json_schema";
  const schema = schemaOf(format.value.definition, path, losses);
  if (schema === undefined) throw losses.invalid(path, "has no schema");
  losses.changed(path, "the provider keeps to no schema; the model is shown it and asked for a JSON object");
  const text = `Answer with a JSON object that matches this JSON Schema:\n${JSON.stringify(schema)}`;
  return {
    ...request,
    system: request.system === "" ? text : `${request.system}\n\n${text}`,
    responseFormat: create(ResponseFormatSchema, { format: { case: "jsonObject", value: {} } }),
  };
}
