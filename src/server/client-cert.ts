import { TLSSocket } from "node:tls";
import { altNamesIn } from "./alt-names.ts";
import type { Connection } from "./peer-address.ts";

/** What something shows of who calls. */
export interface Claim {
  /** URIs and DNS names of the caller. */
  readonly names: readonly string[];
  /** Why there are none, for people. */
  readonly lack: string;
}

/** The names in the certificate of the other end of a connection, if it was verified and is valid now. */
export function claimOf(connection: Connection, nowMs: number): Claim {
  const socket = tlsSocketOf(connection);
  const certificate = socket?.getPeerX509Certificate();
  if (socket === undefined || certificate === undefined) return lacking("");
  if (!socket.authorized) return lacking(`the client certificate is not accepted (${socket.authorizationError})`);
  // A session that is resumed brings the certificate of its first connection.
  if (certificate.validToDate.getTime() < nowMs) return lacking("the client certificate has expired");
  const names = altNamesIn(certificate.subjectAltName ?? "");
  return names.length > 0 ? { names, lack: "" } : lacking("the client certificate has no URI and no DNS name");
}

/** When the certificate of the other end of a connection expires, in milliseconds since 1970; undefined if it shows none. */
export function certificateEndMs(connection: Connection): number | undefined {
  return tlsSocketOf(connection)?.getPeerX509Certificate()?.validToDate.getTime();
}

/** A claim without names. */
export function lacking(lack: string): Claim {
  return { names: [], lack };
}

/** Undefined also once the connection is gone, which HTTP/2 tells by an exception. */
function tlsSocketOf(connection: Connection): TLSSocket | undefined {
  try {
    const socket = "socket" in connection ? connection.socket : connection;
    return socket instanceof TLSSocket ? socket : undefined;
  } catch {
    return undefined;
  }
}
