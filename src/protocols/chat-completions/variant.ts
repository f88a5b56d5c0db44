import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type CompleteRequest, CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Protocol } from "../../model/protocol.ts";
import type { Target } from "../../model/target.ts";
import { fitEffort } from "./effort.ts";
import { LossReport } from "./loss-report.ts";
import { refusalsAsText, withoutNames } from "./plain-messages.ts";
import { renderChat } from "./render.ts";
import type { ChatBody } from "./wire.ts";

/** Settings of a request that servers of the dialect name differently or lack. */
const settings = [
  "maxOutputTokens",
  "temperature",
  "topP",
  "topK",
  "frequencyPenalty",
  "presencePenalty",
  "seed",
  "topLogprobs",
  "stopSequences",
  "serviceTier",
  "endUserId",
] as const;

/** A setting, by its name in CompleteRequest. */
export type Setting = (typeof settings)[number];

/** How the requests of one server differ from what the dialect has in common. */
export interface Variant {
  /** Settings under names of the server's own: { seed: "random_seed" }. */
  readonly names?: Readonly<Partial<Record<Setting, string>>>;
  /** Settings that the server refuses, or ignores without a word. */
  readonly lacks?: readonly Setting[] | ((target: Target, request: CompleteRequest) => readonly Setting[]);
  /** Messages with the name of a participant are refused. */
  readonly lacksNames?: true;
  /** Levels of effort that the model knows; undefined: the server finds the nearest itself. */
  readonly efforts?: (target: Target) => readonly string[] | undefined;
  /** Changes the request before it is rendered. */
  readonly adapt?: (request: CompleteRequest, losses: LossReport) => CompleteRequest;
  /** Changes the body, which provider_options have been merged into. `request` is the caller's. */
  readonly finish?: (body: ChatBody, request: CompleteRequest, losses: LossReport) => ChatBody;
}

/** The render function of a server whose requests differ so. */
export function renderVariant(variant: Variant): Protocol<ChatBody>["render"] {
  return (attempt: Attempt) => {
    const { names = {}, lacks = [], efforts, adapt, finish } = variant;
    const { call, target } = attempt;
    const losses = new LossReport(attempt, true);
    const plain = refusalsAsText(call.request);
    const common = { ...(variant.lacksNames ? withoutNames(plain, losses) : plain) };
    ignore(common, typeof lacks === "function" ? lacks(target, call.request) : lacks, losses);
    const own = take(common, names);
    const levels = efforts?.(target);
    const paced = levels === undefined ? common : fitEffort(common, levels, losses);
    const request = adapt === undefined ? paced : adapt(paced, losses);
    const rendered = renderChat(attempt, losses, request);
    const body: ChatBody = { ...own, ...rendered.body };
    const finished = finish === undefined ? body : finish(body, call.request, losses);
    return { ...rendered, body: finished, warnings: losses.warnings };
  };
}

function ignore(request: CompleteRequest, lacks: readonly Setting[], losses: LossReport): void {
  for (const setting of lacks) {
    if (!isSet(request[setting])) continue;
    unset(request, setting);
    losses.ignored(
      CompleteRequestSchema.field[setting].name,
      "the provider takes no such setting, or not of this value, for this model",
    );
  }
}

/** Takes settings out of the request, and gives them as fields of a body. */
function take(request: CompleteRequest, names: NonNullable<Variant["names"]>): JsonObject {
  const fields: Record<string, JsonValue> = {};
  for (const setting of settings) {
    const name = names[setting];
    const value = request[setting];
    if (name === undefined || value === undefined || !isSet(value)) continue;
    fields[name] = value;
    unset(request, setting);
  }
  return fields;
}

function isSet(value: CompleteRequest[Setting]): boolean {
  return value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
}

function unset(request: CompleteRequest, setting: Setting): void {
  if (setting === "stopSequences") request.stopSequences = [];
  else if (setting === "serviceTier" || setting === "endUserId") request[setting] = "";
  else delete request[setting];
}
