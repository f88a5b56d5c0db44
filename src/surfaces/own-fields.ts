import type { DescMessage, JsonObject, MessageShape } from "@bufbuild/protobuf";
import { invalidField } from "./body.ts";
import { readProtoJson } from "./hub/proto-json.ts";

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
