import type { DescMessage, JsonObject, MessageShape } from "@bufbuild/protobuf";
import * as v from "valibot";
import { type CompleteRequest, CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { invalidField } from "./body.ts";
import { readProtoJson } from "./hub/proto-json.ts";

/**
 * The field "llmhub" in the schema of a body: `readOwn` reads it. Its metadata tells the description of the API which fields
 * of the message it takes.
 */
export function ownField({ typeName }: DescMessage, names: readonly string[]) {
  return v.pipe(
    v.nullish(v.looseObject({})),
    v.description("What only the hub's own API can say, as ProtoJSON."),
    v.metadata({ fieldsOf: { message: typeName, names } }),
  );
}

/**
 * The field "llmhub" of a body of another's API: what only the hub's own API can say, as ProtoJSON of some fields of its
 * request. Undefined: the body has none. Throws INVALID_REQUEST for fields that are not among `names`.
 */
export function readOwn<Desc extends DescMessage>(
  schema: Desc,
  own: unknown,
  names: readonly string[],
): MessageShape<Desc> | undefined {
  if (own === undefined || own === null) return undefined;
  const other = Object.keys(own as JsonObject).find((name) => !names.includes(name));
  if (other !== undefined) throw invalidField("llmhub", `may hold ${names.join(", ")} only`);
  return readProtoJson(schema, own);
}

/** Puts the field "llmhub" of a body into the request of a completion. `names`: fields that it may have. */
export function setOwn(request: CompleteRequest, given: unknown, names: readonly string[]): void {
  const own = readOwn(CompleteRequestSchema, given, names);
  if (own === undefined) return;
  const { routing, cache, reasoning, lossless, providerOptions, labels, view } = own;
  if (routing !== undefined) request.routing = routing;
  if (cache !== undefined) request.cache = cache;
  if (reasoning !== undefined) request.reasoning = reasoning;
  request.lossless = lossless;
  Object.assign(request.labels, labels);
  request.view = view;
  addOptions(request.providerOptions, providerOptions);
}

/** Adds options of providers to others; those added win. */
export function addOptions(options: Record<string, JsonObject>, more: Readonly<Record<string, JsonObject>>): void {
  for (const [provider, added] of Object.entries(more)) options[provider] = { ...options[provider], ...added };
}
