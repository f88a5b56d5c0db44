import { ToolMode } from "../../../gen/llmhub/v1/tool_pb.ts";
import type { Rendering } from "../messages/rendering.ts";
import { refuseReserved } from "../reserved-options.ts";

const none = "the program has no such option";

/** Warns of the settings that the program cannot be given, and refuses those that would change what the answer is. */
export function checkSettings(rendering: Rendering): void {
  const { request } = rendering;
  const { tools, toolChoice, responseFormat, temperature, topP } = request;
  if (tools.length > 0) {
    if (toolChoice?.choice.case !== "mode" || toolChoice.choice.value !== ToolMode.NONE) {
      throw rendering.unsupported("tools", "tools", "the program cannot call tools of the caller");
    }
    rendering.ignored("tools", "the tools, which must not be called, are not shown to the model");
  }
  const format = responseFormat?.format.case;
  if (format === "jsonSchema") {
    const path = "response_format.json_schema";
    throw rendering.unsupported(path, "json_schema", "the program cannot keep to a schema without tools");
  }
  if (format === "jsonObject") rendering.ignored("response_format.json_object", none);
  const ignored = {
    temperature: temperature !== undefined && temperature !== 1,
    top_p: topP !== undefined && topP !== 1,
    top_k: request.topK !== undefined,
    stop_sequences: request.stopSequences.length > 0,
    frequency_penalty: Boolean(request.frequencyPenalty),
    presence_penalty: Boolean(request.presencePenalty),
    seed: request.seed !== undefined,
    top_logprobs: request.topLogprobs !== undefined,
    service_tier: request.serviceTier !== "",
    end_user_id: request.endUserId !== "",
  };
  for (const [field, isSet] of Object.entries(ignored)) if (isSet) rendering.ignored(field, none);
  const options = rendering.options(request.providerOptions);
  refuseReserved(options, rendering);
  for (const name of Object.keys(options)) rendering.ignored(`provider_options.${name}`, none);
}
