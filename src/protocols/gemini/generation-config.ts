import type { JsonSchemaFormat } from "../../../gen/llmhub/v1/completion_pb.ts";
import { outputBound } from "../output-bound.ts";
import { schemaOf } from "../schema.ts";
import type { Rendering } from "./rendering.ts";
import { warnUnenforced } from "./schema-keywords.ts";
import { renderThinking } from "./thinking.ts";
import type { GenerationConfig } from "./wire.ts";

/** Stop sequences that the API takes. */
const stopsMax = 5;

/** The settings of the answer. */
export function renderConfig(rendering: Rendering): GenerationConfig {
  const { request } = rendering;
  const { temperature, topP, topK, seed, presencePenalty, frequencyPenalty, topLogprobs } = request;
  const maxOutputTokens = outputBound(rendering);
  const stopSequences = stopsOf(rendering);
  const thinkingConfig = renderThinking(rendering);
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stopSequences.length === 0 ? {} : { stopSequences }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(topLogprobs === undefined ? {} : { responseLogprobs: true }),
    ...(topLogprobs === undefined || topLogprobs === 0 ? {} : { logprobs: topLogprobs }),
    ...renderFormat(rendering),
    ...(thinkingConfig === undefined ? {} : { thinkingConfig }),
  };
}

function stopsOf(rendering: Rendering): readonly string[] {
  const { stopSequences } = rendering.request;
  if (stopSequences.length <= stopsMax) return stopSequences;
  rendering.changed("stop_sequences", `only the first ${stopsMax} are sent, more are not taken`);
  return stopSequences.slice(0, stopsMax);
}

function renderFormat(rendering: Rendering): Pick<GenerationConfig, "responseMimeType" | "responseJsonSchema"> {
  const format = rendering.request.responseFormat?.format;
  if (format?.case === "jsonObject") return { responseMimeType: "application/json" };
  if (format?.case !== "jsonSchema") return {};
  return { responseMimeType: "application/json", ...renderSchema(format.value, rendering) };
}

/** Name and description go into the schema, which has places for them. */
function renderSchema(
  { name, description, definition, strict }: JsonSchemaFormat,
  rendering: Rendering,
): Pick<GenerationConfig, "responseJsonSchema"> {
  const path = "response_format.json_schema";
  if (strict === false) rendering.changed(`${path}.strict`, "a schema is always kept strictly");
  const schema = schemaOf(definition, `${path}.schema_json`, rendering);
  if (schema === undefined) throw rendering.invalid(path, "has no schema");
  warnUnenforced(schema, path, rendering);
  return {
    responseJsonSchema: {
      ...(name === "" ? {} : { title: name }),
      ...(description === "" ? {} : { description }),
      ...schema,
    },
  };
}
