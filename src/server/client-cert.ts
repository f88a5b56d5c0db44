import { TLSSocket } from "node:tls";
import { altNamesIn } from "./alt-names.ts";
import type { Connection } from "./peer-address.ts";

/** What something shows of who calls. */
export interface Claim {
  /** URIs and DNS names of the caller. */
  readonly names: readonly string[];
  /** Why there are none, for people. */
  readonly lack: string;
  /** When it stops to count, in milliseconds since 1970. Absent: it does not. */
  readonly endMs?: number;
}

/** The names in the certificate of the other end of a connection, if it was verified. */
export function claimOf(connection: Connection): Claim {
  const socket = tlsSocketOf(connection);
  const certificate = socket?.getPeerX509Certificate();
  if (socket === undefined || certificate === undefined) return lacking("");
  if (!socket.authorized) return lacking(`the client certificate is not accepted (${socket.authorizationError})`);
  const names = altNamesIn(certificate.subjectAltName ?? "");
  if (names.length === 0) return lacking("the client certificate has no URI and no DNS name");
  return { names, lack: "", endMs: certificate.validToDate.getTime() };
}

/** When the certificate expires that let a connection in, in milliseconds since 1970; undefined if none did. */
export function certificateEndMs(connection: Connection): number | undefined {
  const socket = tlsSocketOf(connection);
  return socket?.authorized === true ? socket.getPeerX509Certificate()?.validToDate.getTime() : undefined;
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
