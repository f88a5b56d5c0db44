import type { Asked, Attempt } from "../model/call.ts";
import { GatewayError, type Reason } from "../model/error.ts";

/** Why a connection failed, as ErrorInfo.metadata.cause and the metric label say it. */
export type ConnectionCause = "connect" | "connect_timeout" | "dns" | "tls" | "reset" | "garbage";

/** What failed connections say, by the code of Node's or undici's error. Anything else is "reset". */
const causes: Readonly<Record<string, ConnectionCause>> = {
  ECONNREFUSED: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  EADDRNOTAVAIL: "connect",
  ETIMEDOUT: "connect_timeout",
  UND_ERR_CONNECT_TIMEOUT: "connect_timeout",
  ENOTFOUND: "dns",
  EAI_AGAIN: "dns",
  EAI_FAIL: "dns",
  EAI_NODATA: "dns",
  PRIVATE_ADDRESS: "dns",
  EPROTO: "tls",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  UND_ERR_HEADERS_OVERFLOW: "garbage",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "garbage",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "garbage",
};

/** Codes of certificate checks have no common form: these are OpenSSL's verify results as Node names them. */
const certificateCode = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH/;

/** The cause of a failed connection or of an unreadable HTTP head. */
export function connectionCause(error: Error): ConnectionCause {
  const code = codeOf(error);
  // undici's parser names no code for most of what it cannot read.
  if (code.startsWith("HPE_") || error.name === "HTTPParserError") return "garbage";
  return causes[code] ?? (certificateCode.test(code) ? "tls" : "reset");
}

/** The error for a connection that failed before any content. */
export function connectionFault(error: Error, { target }: Attempt<Asked>): GatewayError {
  return connectionFaultOf(error, target.provider.id, target.model);
}

/** The same for a request that concerns no model. */
export function connectionFaultOf(error: Error, provider: string, model: string): GatewayError {
  const code = codeOf(error);
  if (code === "EMFILE" || code === "ENFILE") return noDescriptor(provider, model);
  const cause = connectionCause(error);
  const reason: Reason = cause === "garbage" ? "PROVIDER_BAD_RESPONSE" : "PROVIDER_UNAVAILABLE";
  const why = code === "" ? cause : `${cause} ${code}`;
  return new GatewayError(reason, `no answer from provider ${provider} (${why})`, {
    metadata: { cause, provider, model },
    cause: error,
  });
}

/** The gateway's own want, which must not be held against the provider. */
function noDescriptor(provider: string, model: string): GatewayError {
  const message = "the gateway has no file descriptor left for a connection - raise its limit (ulimit -n)";
  return new GatewayError("GATEWAY_OVERLOADED", message, { metadata: { cause: "descriptors", provider, model } });
}

/** The code of an error, or of the first error that it stands for. */
function codeOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "";
}
