import type { GatewayError, Reason } from "../../model/error.ts";
import { family } from "../../protocols/messages/wire.ts";
import { httpStatusOf } from "../http-status.ts";
import type { Words } from "../route.ts";

/** `error.type` of Anthropic's API, where it is not that of the status. */
const types: Partial<Record<Reason, string>> = {
  PAYLOAD_TOO_LARGE: "request_too_large",
  PROVIDER_OVERLOADED: "overloaded_error",
  GATEWAY_OVERLOADED: "overloaded_error",
  PROVIDER_TIMEOUT: "timeout_error",
  DEADLINE_EXCEEDED: "timeout_error",
};

const statusTypes: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  429: "rate_limit_error",
};

/** The status by which clients of Anthropic's API know an overload. */
const overloaded = 529;

/** Errors in the form of Anthropic's API. The reason of the hub stands beside them. */
export const messagesWords: Words = {
  dialect: family,
  failure: (error, requestId) => ({
    status: statusOf(error),
    headers: { "request-id": requestId },
    body: bodyOf(error, requestId),
  }),
  broken: (error, requestId) => `event: error\ndata: ${JSON.stringify(bodyOf(error, requestId))}\n\n`,
};

function statusOf({ reason }: GatewayError): number {
  return types[reason] === "overloaded_error" ? overloaded : httpStatusOf(reason);
}

function bodyOf({ reason, rawMessage: message }: GatewayError, requestId: string): object {
  const status = httpStatusOf(reason);
  const type = types[reason] ?? statusTypes[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type: "error", error: { type, message, reason }, request_id: requestId };
}
