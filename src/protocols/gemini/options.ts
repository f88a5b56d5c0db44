import type { JsonObject } from "@bufbuild/protobuf";
import { objectOf } from "../field.ts";
import { refuseFields, refuseReserved } from "../reserved-options.ts";
import type { Rendering } from "./rendering.ts";
import type { GenerateBody } from "./wire.ts";

/** Fields of generationConfig that only the gateway sets: they decide which model answers, how often, and how long. */
const reservedConfig = ["candidateCount", "maxOutputTokens", "modelConfig", "routingConfig"];
/**
 * The body with the provider options of the request, which win but for what the gateway alone sets. Members of
 * generationConfig and toolConfig are set one by one.
 */
export function withOptions(body: GenerateBody, rendering: Rendering): GenerateBody {
  const options = inCamelCase(rendering.options(rendering.request.providerOptions));
  refuseReserved(options, rendering);
  refuseFields(options, ["contents"], rendering);
  const generationConfig = objectOf(options["generationConfig"]);
  const toolConfig = objectOf(options["toolConfig"]);
  const members = generationConfig && inCamelCase(generationConfig);
  refuseFields(members ?? {}, reservedConfig, rendering, "provider_options.generationConfig");
  return {
    ...body,
    ...options,
    ...(members && { generationConfig: { ...body.generationConfig, ...members } }),
    ...(toolConfig && { toolConfig: { ...body.toolConfig, ...inCamelCase(toolConfig) } }),
  } as GenerateBody;
}

/** The API takes names in both spellings, so that one name must not be set twice. */
function inCamelCase(object: JsonObject): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(entries);
}
