import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import { parseObject, textOf } from "../field.ts";

/** What a server said beside a part and wants back with it. Its signature holds this as JSON. */
export interface Echo {
  /** Id of the item of reasoning that the part belongs to. */
  readonly id?: string;
  /** Reasoning in the open that the caller did not want to see. */
  readonly hidden?: string;
  /** Whether a message is the final answer or a word in between. */
  readonly phase?: string;
}

/** The signature that holds an echo. */
export function signatureOf(echo: Echo, provider: string): PartSignature {
  return { $typeName: "llmhub.v1.PartSignature", provider, value: JSON.stringify(echo) };
}

/** The echo in a signature; empty where that is none of these. */
export function echoIn({ value }: PartSignature): Echo {
  const { id, hidden, phase } = parseObject(value) ?? {};
  return { id: textOf(id), hidden: textOf(hidden), phase: textOf(phase) };
}
