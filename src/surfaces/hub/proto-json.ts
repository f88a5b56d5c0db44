import {
  type DescMessage,
  fromJson,
  type JsonValue,
  type JsonWriteOptions,
  type MessageShape,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { GatewayError } from "../../model/error.ts";

/** The ProtoJSON of a message. Throws INVALID_REQUEST that names the place; the value there is content, and is not repeated. */
export function readProtoJson<Desc extends DescMessage>(schema: Desc, value: unknown): MessageShape<Desc> {
  try {
    return fromJson(schema, value as JsonValue);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const place = /cannot decode (?:message|field|enum) [\w.]+ from JSON/.exec(message)?.[0];
    const unknown = /key "([\w.-]{1,64})" is unknown/.exec(message)?.[1];
    const what = place ?? `the body is not the ProtoJSON of ${schema.typeName}`;
    const why = unknown === undefined ? "" : `. It has no field ${unknown}`;
    throw new GatewayError("INVALID_REQUEST", what + why, { cause: error });
  }
}

/** The text of a message. `registry` knows what its google.protobuf.Any may hold. */
export function protoJsonText<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  registry?: Registry,
): string {
  const options: Partial<JsonWriteOptions> = registry === undefined ? {} : { registry };
  return JSON.stringify(toJson(schema, message, options));
}
