import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** Contents of PEM files. */
export interface TlsMaterial {
  /** The server's certificate, followed by those between it and the authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities that sign the certificates of callers. Undefined: callers are not asked for one. */
  readonly clientCa: string | undefined;
  /** Whether a caller must show one. */
  readonly clientCert: "request" | "require";
}

/** The material in Node's form. Throws an Error that says what does not fit; it never quotes the key. */
export function secureContext({ cert, key, clientCa }: TlsMaterial): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key,
    minVersion: "TLSv1.2",
    ...(clientCa !== undefined && { ca: clientCa }),
  };
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
    createSecureContext(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : "it cannot be read";
    throw new Error(`the TLS certificate, its key or the client CA is not usable (${why})`);
  }
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error("the TLS key does not belong to the certificate");
  return options;
}
