import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type ContentPart, type MediaPart, Modality } from "../../gen/llmhub/v1/content_pb.ts";
import type { Asked } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { ModelFacts, Target } from "../model/target.ts";

/** Something that a request wants a model to be able to do. */
export interface Need {
  /** As dialects name it in the metadata of CAPABILITY_UNSUPPORTED. */
  readonly capability: string;
  /** Path of what needs it. */
  readonly field: string;
  readonly isMet: (facts: ModelFacts) => boolean;
}

/** What a request needs that not every model has: tools, an answer by a schema, and eyes and ears for its media. */
export function needsOf(request: Asked): readonly Need[] {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return [];
  const needs: Need[] = [];
  if (request.tools.length > 0) needs.push(feature("tools", "tools"));
  if (request.responseFormat?.format.case === "jsonSchema") needs.push(feature("json_schema", "response_format"));
  const seen = new Set<Modality>();
  for (const [index, { content }] of request.messages.entries()) {
    for (const modality of content.flatMap(modalitiesOf)) {
      const capability = inputs.get(modality);
      if (capability === undefined || seen.has(modality)) continue;
      seen.add(modality);
      const isMet = ({ inputModalities }: ModelFacts) => inputModalities.includes(modality);
      needs.push({ capability, field: `messages[${index}].content`, isMet });
    }
  }
  return needs;
}

/** The refusal of a target that is not known to meet all needs; undefined: it is. */
export function unmetBy({ selector, facts }: Target, needs: readonly Need[]): GatewayError | undefined {
  const unmet = needs.find(({ isMet }) => !isMet(facts));
  if (unmet === undefined) return undefined;
  const { capability, field } = unmet;
  const description = `${selector} is not known to have ${capability}, which the policy asks of its targets`;
  const metadata = { model: selector, capability, field };
  return new GatewayError("CAPABILITY_UNSUPPORTED", `${field}: ${description}`, { metadata }).detail(BadRequestSchema, {
    fieldViolations: [{ field, description }],
  });
}

const inputs: ReadonlyMap<Modality, string> = new Map([
  [Modality.IMAGE, "image_input"],
  [Modality.AUDIO, "audio_input"],
  [Modality.VIDEO, "video_input"],
  [Modality.DOCUMENT, "document_type"],
]);

function feature(name: string, field: string): Need {
  return { capability: name, field, isMet: ({ features }) => features.has(name) };
}

function modalitiesOf({ part }: ContentPart): readonly Modality[] {
  switch (part.case) {
    case "media":
      return [modalityOf(part.value)];
    case "document":
      return part.value.body.case === "media" ? [modalityOf(part.value.body.value)] : [];
    case "toolResult":
      return part.value.content.flatMap(({ part }) => (part.case === "media" ? [modalityOf(part.value)] : []));
    default:
      return [];
  }
}

/** Texts are written into the prompt where a model takes no documents; what is not typed needs nothing that is known. */
function modalityOf({ mimeType, source }: MediaPart): Modality {
  const type = mimeType || (source.case === "uri" ? (/^data:([^;,]*)/.exec(source.value)?.[1] ?? "") : "");
  const [kind] = type.split("/");
  switch (kind) {
    case "image":
      return Modality.IMAGE;
    case "audio":
      return Modality.AUDIO;
    case "video":
      return Modality.VIDEO;
    case "application":
      return type === "application/pdf" ? Modality.DOCUMENT : Modality.UNSPECIFIED;
    default:
      return Modality.UNSPECIFIED;
  }
}
