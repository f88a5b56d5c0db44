import { createPrivateKey, X509Certificate } from "node:crypto";
import * as v from "valibot";
import { Secret } from "../model/secret.ts";
import type { Findings } from "./findings.ts";
import { text } from "./scalar.ts";
import type { TlsConfig } from "./schema.ts";
import { section } from "./section.ts";
import { readNamed } from "./setting.ts";

/** The field server.tls. */
export const tls = section("Encryption of server.listen and httpListen. Without it the server speaks clear text.", {
  cert: text("Path of the certificate chain, PEM."),
  key: text("Path of the private key, PEM."),
  clientCa: v.optional(text("Path of the CAs of callers, PEM. When set, callers are asked for a certificate.")),
  clientCert: v.optional(
    v.pipe(
      v.picklist(["request", "require"]),
      v.description(
        '"require": nobody connects without a certificate that clientCa signed. "request": who shows none, or another, needs an API key. Absent: require, if there is a clientCa.',
      ),
    ),
  ),
});

type TlsSection = v.InferOutput<typeof tls>;

/** What one field of it cannot tell. */
export function checkTls({ clientCa, clientCert }: TlsSection, findings: Findings): void {
  if (clientCert !== undefined && clientCa === undefined) {
    const message = "needs clientCa: without it no certificate of a caller could be verified";
    findings.add(["server", "tls", "clientCert"], message);
  }
}

/** The contents of its files. */
export async function tlsOf(section: TlsSection, findings: Findings): Promise<TlsConfig> {
  const read = async (field: "cert" | "key" | "clientCa", path: string) => {
    const at = ["server", "tls", field];
    const pem = await readNamed(path, at, findings);
    if (pem !== undefined && !pem.includes("-----BEGIN ")) findings.add(at, "names a file that is not PEM");
    return pem ?? "";
  };
  const cert = await read("cert", section.cert);
  const key = await read("key", section.key);
  const clientCa = section.clientCa === undefined ? undefined : await read("clientCa", section.clientCa);
  if (cert !== "" && key !== "" && !isPair(cert, key)) {
    findings.add(["server", "tls"], "is not usable: cert and key must be PEM and belong together");
  }
  if (clientCa?.includes("-----BEGIN ") && !areCertificates(clientCa)) {
    findings.add(["server", "tls", "clientCa"], "must hold certificates, and nothing else");
  }
  return { cert, key: new Secret(key), clientCa, clientCert: section.clientCert ?? "require" };
}

function isPair(cert: string, key: string): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function areCertificates(pem: string): boolean {
  try {
    const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith("-----BEGIN "));
    for (const block of blocks) new X509Certificate(block);
    return true;
  } catch {
    return false;
  }
}
