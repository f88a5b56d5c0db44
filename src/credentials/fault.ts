import { PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type FaultFacts, GatewayError } from "../model/error.ts";
import type { Headers } from "../model/protocol.ts";
import { parseObject } from "../protocols/field.ts";
import { retryMsOf } from "../protocols/retry-hint.ts";
import { word } from "../protocols/status-fault.ts";
import { connectionCause } from "../upstream/connection-fault.ts";

/** Where a credential comes from, in the words of its errors. Never a path, an address or a secret. */
export interface Source {
  /** "the Google service account key of GOOGLE_APPLICATION_CREDENTIALS". */
  readonly name: string;
  /** What the operator can do about it, as a clause that follows a semicolon. */
  readonly mend: string;
  /** The same where nobody answers, for servers that only some machines have. */
  readonly elsewhere?: string;
}

/** The error for a credential that is missing, malformed or refused. */
export function badCredential({ name, mend }: Source, problem: string, facts: FaultFacts = {}): GatewayError {
  const metadata = { credential: name, ...facts.metadata };
  const message = `${name}: ${problem}; ${mend}`;
  const error = new GatewayError("PROVIDER_CREDENTIAL_INVALID", message, { ...facts, metadata });
  const violation = { type: "PROVIDER_CREDENTIAL", subject: name, description: error.rawMessage };
  return error.detail(PreconditionFailureSchema, { violations: [violation] });
}

/** The error for a token server that gives no usable answer. */
export function noToken({ name }: Source, problem: string, facts: FaultFacts = {}): GatewayError {
  const metadata = { credential: name, ...facts.metadata };
  return new GatewayError("PROVIDER_UNAVAILABLE", `${name}: ${problem}`, { ...facts, metadata });
}

/** The error for a connection to a token server that failed. */
export function unreachable(source: Source, error: Error): GatewayError {
  const cause = error.name === "TimeoutError" ? "timeout" : connectionCause(error);
  const advice = source.elsewhere === undefined ? "" : `; ${source.elsewhere}`;
  const problem = `no answer from its token server (${cause})${advice}`;
  return noToken(source, problem, { metadata: { cause }, cause: error });
}

/** Statuses below 500 that say "later", not "no": IMDS answers 410 while it is being updated. */
const laterStatuses: readonly number[] = [408, 410, 425, 429];
/** OAuth's own words for the same, whatever the status. */
const laterWords: readonly string[] = ["temporarily_unavailable", "server_error", "slow_down"];

/** The error for an answer that carries no token, from its status and the body's error word, if that is an identifier. */
export function refusal(
  source: Source,
  { status, headers, body }: { readonly status: number; readonly headers: Headers; readonly body: string },
  nowMs: number,
): GatewayError {
  const { code, number } = errorOf(body);
  const facts = {
    metadata: { upstreamStatus: String(status), upstreamCode: code },
    upstream: { status, code, requestId: "" },
  };
  const said = [`HTTP ${status}`, code, number].filter((text) => text !== "").join(", ");
  const later = status >= 500 || laterStatuses.includes(status) || laterWords.includes(code);
  if (!later && status >= 400) return badCredential(source, `its token server refuses it (${said})`, facts);
  if (!later) return noToken(source, `its token server answered with something else than a token (${said})`, facts);
  const retryMs = retryMsOf(headers, nowMs);
  return noToken(source, `its token server failed (${said})`, { ...facts, retryMs });
}

/** Of OAuth `{"error": "invalid_grant"}` (RFC 6749), of Google's `{"error": {"status"}}`, and Entra's numbers. */
function errorOf(body: string): { code: string; number: string } {
  const { error, error_codes: numbers } = (parseObject(body) ?? {}) as { error?: unknown; error_codes?: unknown };
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : error;
  const number = Array.isArray(numbers) && Number.isInteger(numbers[0]) ? `AADSTS${numbers[0]}` : "";
  return { code: word(status), number };
}
