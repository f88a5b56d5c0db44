import { createHash, createHmac } from "node:crypto";
import type { OutgoingRequest, Proof } from "../model/authorizer.ts";

/** Keys as AWS hands them out; the token goes with those that expire. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Where a signature is good. */
export interface SigningScope {
  /** "eu-west-1". */
  readonly region: string;
  /** Name of the service in signatures, which may differ from its host: "bedrock" signs for bedrock-runtime too. */
  readonly service: string;
}

interface SigningKey {
  readonly day: string;
  readonly secretAccessKey: string;
  readonly key: Buffer;
}

const algorithm = "AWS4-HMAC-SHA256";
const terminator = "aws4_request";

/**
 * Signs requests after AWS Signature Version 4, as every service but S3 wants it. What is signed: method, path, query, host,
 * content type, every header that begins with "x-amz-", and the body; other headers may change on the way.
 */
export class RequestSigner {
  readonly #scope: SigningScope;
  /** Deriving a key takes four hashes, and it is good for a day. */
  #signingKey: SigningKey | undefined;

  constructor(scope: SigningScope) {
    this.#scope = scope;
  }

  /** The headers to add. `nowMs` is wall-clock time, which AWS believes within five minutes. */
  sign(request: OutgoingRequest, keys: AwsKeys, nowMs: number): Proof {
    const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
    const day = time.slice(0, 8);
    const added: Record<string, string> = { "x-amz-date": time };
    if (keys.sessionToken !== undefined) added["x-amz-security-token"] = keys.sessionToken;
    const headers = signedHeaders({ ...request.headers, ...added, host: request.url.host });
    const names = headers.map(([name]) => name).join(";");
    const scope = [day, this.#scope.region, this.#scope.service, terminator].join("/");
    const text = [algorithm, time, scope, sha256(canonicalRequest(request, headers, names))].join("\n");
    const signature = hmac(this.#keyOf(keys.secretAccessKey, day), text).toString("hex");
    const credential = `${keys.accessKeyId}/${scope}`;
    const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
    return { ...added, authorization };
  }

  #keyOf(secretAccessKey: string, day: string): Buffer {
    if (this.#signingKey?.day !== day || this.#signingKey.secretAccessKey !== secretAccessKey) {
      const parts = [day, this.#scope.region, this.#scope.service, terminator];
      const key = parts.reduce(hmac, Buffer.from(`AWS4${secretAccessKey}`));
      this.#signingKey = { day, secretAccessKey, key };
    }
    return this.#signingKey.key;
  }
}

type Header = readonly [name: string, value: string];

function canonicalRequest({ method, url, body }: OutgoingRequest, headers: readonly Header[], names: string): string {
  const lines = headers.map(([name, value]) => `${name}:${value}`);
  return [method, canonicalPath(url), canonicalQuery(url), ...lines, "", names, sha256(body)].join("\n");
}

/** In the order of their names, with runs of blanks made one. */
function signedHeaders(headers: Readonly<Record<string, string>>): readonly Header[] {
  return Object.entries(headers)
    .filter(([name]) => name === "host" || name === "content-type" || name.startsWith("x-amz-"))
    .map(([name, value]): Header => [name, value.replace(/[ \t]+/g, " ").trim()])
    .sort(byName);
}

/** The path as it is sent, encoded once more, without empty segments; the URL has resolved "." and "..". */
function canonicalPath({ pathname }: URL): string {
  return pathname
    .replace(/\/{2,}/g, "/")
    .split("/")
    .map(encode)
    .join("/");
}

function canonicalQuery({ searchParams }: URL): string {
  const pairs = [...searchParams].map(([name, value]): Header => [encode(name), encode(value)]);
  const sorted = pairs.sort((a, b) => byName(a, b) || (a[1] < b[1] ? -1 : 1));
  return sorted.map((pair) => pair.join("=")).join("&");
}

function byName([a]: Header, [b]: Header): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Percent-encoding of everything but the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
