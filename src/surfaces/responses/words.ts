import type { GatewayError } from "../../model/error.ts";
import { chatWords, type ParamNames, told } from "../chat/words.ts";
import { httpStatusOf } from "../http-status.ts";
import type { Words } from "../route.ts";

/** Names of the hub's fields that this API calls otherwise. */
const params: ParamNames = [
  [/^messages\b.*/, "input"],
  [/^end_user_id\b/, "safety_identifier"],
  [/^response_format\b.*/, "text.format"],
  [/^labels\b/, "metadata"],
  [/^(routing|cache|lossless|provider_options|view)\b/, "llmhub.$1"],
];

/** Errors in the form of OpenAI's API, by the names of this one's fields. */
export const responsesWords: Words = {
  ...chatWords,
  failure: (error) => ({ status: httpStatusOf(error.reason), body: { error: told(error, params) } }),
};

/** What an answer that failed says of it. The API knows few codes. */
export function failureOf(error: GatewayError): object {
  const { message, code } = told(error, params);
  if (code === "rate_limit_exceeded") return { code, message };
  return { code: httpStatusOf(error.reason) < 500 ? "invalid_prompt" : "server_error", message };
}

/** The fields of an event that tells of a failure. */
export function errorEvent(error: GatewayError): object {
  const { message, param, code, reason } = told(error, params);
  return { code, message, param, reason };
}
