import type { GatewayError, Reason } from "../../model/error.ts";
import type { Failure } from "../../model/protocol.ts";
import { faultOf } from "../../protocols/chat-completions/fault.ts";
import { parseObject, textOf } from "../../protocols/field.ts";
import { messageCharsMax, reasonOf, statusFault } from "../../protocols/status-fault.ts";

const tooManyTokens = /max allowed tokens per submitted batch is (\d{1,10})\. Your batch has (\d{1,10})/i;
const tooLong = /context length|too long/i;
const unknownModel = /model .* is not supported|model .* not found/i;

/** The error behind a refusal of Voyage's, which says everything in words under "detail". */
export function faultOfVoyage(failure: Failure): GatewayError {
  const detail = textOf(parseObject(failure.body)?.["detail"]).slice(0, messageCharsMax);
  const reason = detail === "" ? undefined : meaningOf(detail, failure);
  if (reason === undefined) return faultOf(failure);
  const [, limit, input] = tooManyTokens.exec(detail) ?? [];
  const metadata = limit === undefined || input === undefined ? {} : { limitTokens: limit, inputTokens: input };
  return statusFault(failure, { code: "", reason, metadata });
}

function meaningOf(detail: string, { modelDeclared }: Failure): Reason | undefined {
  if (tooManyTokens.test(detail) || tooLong.test(detail)) return "CONTEXT_LENGTH_EXCEEDED";
  return unknownModel.test(detail) ? reasonOf(404, modelDeclared) : undefined;
}
