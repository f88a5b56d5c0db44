import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { ErrorReason } from "../../../gen/llmhub/v1/error_reason_pb.ts";
import { GatewayError, type Reason } from "../../model/error.ts";
import type { Answer } from "../entry.ts";
import { forms, headBytes } from "./record-head.ts";

/** How the call ended that a key was used with. */
export type Ending<A extends Answer = Answer> =
  | { readonly case: "answer"; readonly answer: A }
  /** It cost something, and to repeat it would not help. */
  | { readonly case: "error"; readonly error: GatewayError }
  /** It was answered, and the answer is not kept any more, or was too large to be. */
  | { readonly case: "unkept" };

const nothing = new Uint8Array();

/** Bytes of an ending and of the digest of the request that led to it. */
export function encodeRecord<A extends Answer>(
  schema: GenMessage<A>,
  digest: Uint8Array,
  ending: Ending<A>,
): Uint8Array {
  const head = Uint8Array.of(forms.indexOf(ending.case), ...digest);
  return Buffer.concat([head, payloadOf(schema, ending)]);
}

/** Digest and ending of a record; throws for bytes that are none. */
export function decodeRecord<A extends Answer>(
  schema: GenMessage<A>,
  record: Uint8Array,
): { readonly digest: Uint8Array; readonly ending: Ending<A> } {
  const form = forms[record[0] ?? -1];
  if (form === undefined || record.length < headBytes) throw new RangeError("the record of a key cannot be read");
  const payload = record.subarray(headBytes);
  return { digest: record.subarray(1, headBytes), ending: endingOf(schema, form, payload) };
}

function payloadOf<A extends Answer>(schema: GenMessage<A>, ending: Ending<A>): Uint8Array {
  if (ending.case === "answer") return toBinary(schema, ending.answer);
  if (ending.case === "unkept") return nothing;
  const { reason, rawMessage, info } = ending.error;
  return Buffer.from(JSON.stringify([reason, rawMessage, info]));
}

function endingOf<A extends Answer>(schema: GenMessage<A>, form: Ending["case"], payload: Uint8Array): Ending<A> {
  if (form === "answer") return { case: form, answer: fromBinary(schema, payload) };
  if (form === "unkept") return { case: form };
  const [reason, message, metadata] = JSON.parse(Buffer.from(payload).toString());
  if (!isReason(reason)) throw new RangeError("the record of a key has an error of another version");
  return { case: form, error: new GatewayError(reason, message, { metadata, retryMs: "never" }) };
}

function isReason(name: unknown): name is Reason {
  return typeof name === "string" && name !== "UNSPECIFIED" && Object.hasOwn(ErrorReason, name);
}
