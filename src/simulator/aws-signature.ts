import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { doubtBearer } from "./credential.ts";
import type { Asking, CredentialDoubt } from "./dialect.ts";

/** How far the clock of who signs may be off. */
const skewMsMax = 5 * 60_000;
/** The service that requests to Bedrock are signed for. */
const service = "bedrock";

const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * What is wrong with a signature by AWS's Signature Version 4, or with a bearer token; the secret is the secret access key
 * or the token. Any id that has the form of an access key will do. A session token that ends in a time of the form
 * 20250131T120000Z is good until then.
 */
export function doubtAws(asking: Asking, secret: string, nowMs: number): CredentialDoubt | undefined {
  const given = asking.header("authorization");
  if (!given.startsWith("AWS4-")) return doubtBearer(asking, secret);
  const [, id = "", day = "", region = "", signedFor = "", names = "", signature = ""] =
    authorization.exec(given) ?? [];
  if (signature === "" || signedFor !== service) return "signature";
  if (!/^A(KIA|SIA)[A-Z0-9]{16}$/.test(id)) return "unknown";
  const time = asking.header("x-amz-date");
  const signedMs = msOf(time);
  if (!time.startsWith(day) || !isSigned(asking, names)) return "signature";
  if (signedMs === undefined || Math.abs(signedMs - nowMs) > skewMsMax) return "skewed";
  const scope = [day, region, service, "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical(asking, names))].join("\n");
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secret}`);
  if (!timingSafeEqual(hmac(key, text), Buffer.from(signature, "hex"))) return "signature";
  const endMs = msOf(asking.header("x-amz-security-token").slice(-16));
  return endMs !== undefined && endMs <= nowMs ? "expired" : undefined;
}

/** Host, time and session token have to be signed. */
function isSigned({ header }: Asking, names: string): boolean {
  const signed = names.split(";");
  return ["host", "x-amz-date", "x-amz-security-token"].every((name) => header(name) === "" || signed.includes(name));
}

function canonical({ method, rawPath, query, header, raw }: Asking, names: string): string {
  const path = rawPath.split("/").map(encoded).join("/");
  const pairs = query.replace(/^\?/, "").split("&").sort().join("&");
  const headers = names.split(";").map((name) => `${name}:${header(name).trim().replace(/ +/g, " ")}`);
  return [method, path, pairs, ...headers, "", names, sha256(raw)].join("\n");
}

/** Everything but the unreserved characters of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function msOf(time: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  if (parts.length === 0) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function sha256(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
