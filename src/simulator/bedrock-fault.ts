import { encodeEvent } from "../stream/event-stream-encoder.ts";
import type { CredentialDoubt, Fault, FaultDetail } from "./dialect.ts";
import { identifier } from "./identifier.ts";

type Wording = readonly [status: number, type: string, message: string];

const unexpected = "The system encountered an unexpected error during processing. Try your request again.";
const signature =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " +
  "and signing method. Consult the service documentation for details.";

const wordings: Readonly<Record<number | string, Wording>> = {
  400: [400, "ValidationException", "Malformed input request, please reformat your input and try again."],
  403: [403, "AccessDeniedException", "You don't have access to the model with the specified model ID."],
  404: [404, "ResourceNotFoundException", "Could not resolve the foundation model from the provided model identifier."],
  408: [408, "ModelTimeoutException", "Model invocation has timed out. Try your request again."],
  424: [424, "ModelErrorException", unexpected],
  429: [429, "ThrottlingException", "Too many requests, please wait before trying again."],
  500: [500, "InternalServerException", unexpected],
  503: [503, "ServiceUnavailableException", "Bedrock is unable to process your request."],
  "context-length": [400, "ValidationException", "Input is too long for requested model."],
  quota: [429, "ThrottlingException", "Too many tokens per day, please wait before trying again."],
};

const doubts: Readonly<Record<CredentialDoubt, Wording>> = {
  missing: [403, "MissingAuthenticationTokenException", "Missing Authentication Token"],
  wrong: [403, "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."],
  expired: [403, "ExpiredTokenException", "The security token included in the request is expired"],
  unknown: [403, "UnrecognizedClientException", "The security token included in the request is invalid."],
  signature: [403, "InvalidSignatureException", signature],
  skewed: [403, "InvalidSignatureException", "Signature expired: the time of the request is more than 5 min. off."],
};

/** A failure in AWS's words, whose kind the header tells; a status of which no body is known gets the kind of its class. */
export function bedrockFault({ kind, doubt, message }: FaultDetail): Fault {
  const asked = typeof kind === "number" ? kind : 400;
  const usual = wordings[kind] ?? wordings[asked < 500 ? 400 : 500];
  const [status, type, text] = (doubt === undefined ? usual : doubts[doubt]) ?? [asked, "InternalServerException", ""];
  return {
    status: typeof kind === "number" && doubt === undefined ? kind : status,
    headers: { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
    body: { message: message ?? text },
  };
}

/** A failure inside a stream. */
export function exceptionFrame(): Buffer {
  const headers = {
    ":exception-type": "internalServerException",
    ":content-type": "application/json",
    ":message-type": "exception",
  };
  return encodeEvent(headers, Buffer.from(JSON.stringify({ message: unexpected })));
}

/** A UUID that follows from the request. */
export function bedrockRequestId(seed: string): string {
  const hex = Buffer.from(identifier(seed, "request", 16), "latin1").toString("hex");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}
