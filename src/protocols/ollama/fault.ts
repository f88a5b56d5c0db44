import type { JsonObject } from "@bufbuild/protobuf";
import type { Asked, Attempt } from "../../model/call.ts";
import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { refusalOf } from "../../model/refusal.ts";
import { objectOf, parseObject, textOf } from "../field.ts";
import { messageCharsMax, reasonOf as reasonOfStatus, statusFault } from "../status-fault.ts";

/** The server says everything in words. Wordings of its source, older ones among them. */
const meanings: readonly (readonly [RegExp, Reason])[] = [
  [
    /context (length|size|window)|prompt (is )?too (long|large)|exceeds the available context/i,
    "CONTEXT_LENGTH_EXCEEDED",
  ],
  [/does not support/i, "CAPABILITY_UNSUPPORTED"],
  [/server busy|maximum pending requests/i, "PROVIDER_OVERLOADED"],
  [/usage limit|upgrade to continue/i, "PROVIDER_QUOTA_EXHAUSTED"],
  [/unauthori[sz]ed/i, "PROVIDER_CREDENTIAL_INVALID"],
];

/** The error for a response that is no answer: {"error": "words"}. */
export function fault(failure: Failure): GatewayError {
  const message = messageOf(parseObject(failure.body)?.["error"]).slice(0, messageCharsMax);
  return statusFault(failure, { code: "", reason: reasonOf(message, failure) });
}

/** The error that an object is where an answer was due, under HTTP 200; undefined for an answer. */
export function faultIn({ error }: JsonObject, attempt: Attempt<Asked>): GatewayError | undefined {
  if (error === undefined || error === null) return undefined;
  return fault(refusalOf(attempt, { status: 200, headers: {}, body: JSON.stringify({ error: messageOf(error) }) }));
}

/** Proxies wrap the words in an object. */
function messageOf(error: unknown): string {
  return textOf(error) || textOf(objectOf(error)?.["message"]) || "unknown";
}

function reasonOf(message: string, { status, modelDeclared }: Failure): Reason | undefined {
  const known = meanings.find(([wording]) => wording.test(message));
  if (known !== undefined) return known[1];
  if (/\bmodel\b.*\bnot found\b/i.test(message)) return reasonOfStatus(404, modelDeclared);
  // A path that is not there is not the model's absence: the address leads to something else than this server.
  if (status === 404) return "PROVIDER_INVALID_REQUEST";
  return status < 300 && message !== "" ? "PROVIDER_UNAVAILABLE" : undefined;
}
