import { createPrivateKey, X509Certificate } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { faultOf, type Logger } from "../telemetry/logger.ts";

/** Contents of PEM files. */
export interface TlsMaterial {
  /** The server's certificate, followed by those between it and the authority. */
  readonly cert: string;
  readonly key: string;
  /** Set: callers must show a certificate that this authority signed. */
  readonly clientCa: string | undefined;
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

/** What a watch over certificate files needs. */
export interface TlsWatchOptions {
  readonly files: readonly string[];
  /** Reads the files anew; may throw. */
  readonly load: () => TlsMaterial;
  /** Takes new material into use; may throw, and then the old stays in use. */
  readonly renew: (material: TlsMaterial) => void;
  readonly log: Logger;
  /** How often the files are looked at. Looking finds also what notifications miss: swapped links, network volumes. */
  readonly intervalMs?: number;
}

/** Takes new certificates into use when their files change. A pair that is broken is reported, and the old one stays. */
export class TlsWatch {
  readonly #options: TlsWatchOptions;
  readonly #changed = (): void => {
    this.reload();
  };

  constructor(options: TlsWatchOptions) {
    this.#options = options;
    const { files, intervalMs = 5000 } = options;
    for (const file of files) watchFile(file, { persistent: false, interval: intervalMs }, this.#changed);
  }

  /** Reads the files now. True if their content is in use afterwards. */
  reload(): boolean {
    const { load, renew, log, files } = this.#options;
    try {
      renew(load());
    } catch (err) {
      log.error(
        { fault: faultOf(err), path: files.join(" ") },
        "the new TLS certificate is not usable, the old one stays in use",
      );
      return false;
    }
    log.info({ path: files.join(" ") }, "a new TLS certificate is in use");
    return true;
  }

  close(): void {
    for (const file of this.#options.files) unwatchFile(file, this.#changed);
  }
}
