import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AwsKeys, RequestSigner } from "../../src/credentials/sigv4.ts";
import type { OutgoingRequest, Proof } from "../../src/model/authorizer.ts";

const keys: AwsKeys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const scope = { region: "us-east-1", service: "bedrock" };
const nowMs = Date.UTC(2026, 1, 3, 4, 5, 6, 789);

/** The headers that the independent implementation of AWS adds. */
async function reference(request: OutgoingRequest, credentials: AwsKeys, at: number): Promise<Proof> {
  const { method, url, headers, body } = request;
  const query: Record<string, string[]> = Object.fromEntries(
    [...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name)]),
  );
  const signer = new SignatureV4({
    ...scope,
    sha256: Sha256,
    credentials,
    applyChecksum: false,
  });
  const others = Object.keys(headers).filter((name) => name !== "content-type" && !name.startsWith("x-amz-"));
  const signed = await signer.sign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query,
      headers: { ...headers, host: url.host },
      body,
    },
    { signingDate: new Date(at), unsignableHeaders: new Set(others) },
  );
  const added = ["authorization", "x-amz-date", "x-amz-security-token"];
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => added.includes(name)));
}

const segment = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }).map(encodeURIComponent),
  fc.string({ unit: fc.constantFrom(..."ab01-_.~:@!$&'()*+,;=%"), maxLength: 8 }),
  fc.constantFrom("", ".", "..", "model", "anthropic.claude-3-haiku-20240307-v1:0"),
);
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => `/${segments.join("/")}`);
const query = fc.array(fc.tuple(fc.string({ maxLength: 6 }), fc.string({ unit: "binary", maxLength: 6 })), {
  maxLength: 4,
});
const headerValue = fc.string({ unit: fc.constantFrom(...'aB0 \t;:,"/=é'), maxLength: 12 });
const headerName = fc.constantFrom(
  "content-type",
  "x-amz-a",
  "x-amz-b-c",
  "accept",
  "user-agent",
  "x-custom",
  "x-amzn-a",
);
const token = fc.option(fc.string({ unit: fc.constantFrom(..."aB0+/="), minLength: 1, maxLength: 20 }), {
  nil: undefined,
});
const instant = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2099) });

describe("a signature", () => {
  it("is that of another implementation, whatever is signed", async () => {
    const anything = fc.record({
      method: fc.constantFrom("GET" as const, "POST" as const),
      url: fc.tuple(fc.constantFrom("https://bedrock.aws", "http://127.0.0.1:8080"), path, query).map(urlOf),
      headers: fc.dictionary(headerName, headerValue),
      body: fc.string({ unit: "binary", maxLength: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(anything, token, instant, async (request, sessionToken, at) => {
        const credentials = sessionToken === undefined ? keys : { ...keys, sessionToken };
        const proof = new RequestSigner(scope).sign(request, credentials, at);
        expect(proof).toEqual(await reference(request, credentials, at));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    "/model/anthropic.claude-3-haiku-20240307-v1:0/converse",
    "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream",
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.meta.llama3-v1%3A0/converse",
    "/foundation-models?byOutputModality=TEXT&byInferenceType=ON_DEMAND",
  ])("of %s is that of another implementation", async (target) => {
    const request = requestTo(target);
    expect(new RequestSigner(scope).sign(request, keys, nowMs)).toEqual(await reference(request, keys, nowMs));
  });

  it("encodes the path twice and leaves out what may change on the way", () => {
    const { authorization } = new RequestSigner(scope).sign(requestTo("/model/a%3A0/converse"), keys, nowMs);
    // Computed by hand from the canonical request, so that one mistake in common would show.
    expect(authorization).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260203/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=c99d26f9c0a81f929e663a6f40717c817f69cc82b49a77b03c3699dfab2c6f6d",
    );
  });

  it("follows the keys, and the day", async () => {
    const signer = new RequestSigner(scope);
    const request = requestTo("/model/a/converse");
    const other = { accessKeyId: "AKIDOTHER", secretAccessKey: "other", sessionToken: "t" };
    const dayMs = 86_400_000;
    for (const [used, at] of [
      [keys, nowMs],
      [keys, nowMs],
      [keys, nowMs + dayMs],
      [other, nowMs + dayMs],
      [{ ...keys, accessKeyId: "AKIDOTHER" }, nowMs],
    ] as const) {
      expect(signer.sign(request, used, at)).toEqual(await reference(request, used, at));
    }
  });

  it("replaces what the request says of itself", async () => {
    const request = {
      ...requestTo("/"),
      headers: { "x-amz-date": "x", "x-amz-security-token": "y", authorization: "z" },
    };
    const credentials = { ...keys, sessionToken: "token" };
    const proof = new RequestSigner(scope).sign(request, credentials, nowMs);
    expect(proof).toEqual(await reference({ ...request, headers: {} }, credentials, nowMs));
  });
});

function requestTo(target: string): OutgoingRequest {
  return {
    method: "POST",
    url: new URL(target, "https://bedrock-runtime.us-east-1.amazonaws.com"),
    headers: { "content-type": "application/json", accept: "application/json" },
    body: '{"messages":[]}',
  };
}

function urlOf([origin, pathname, pairs]: [string, string, [string, string][]]): URL {
  const url = new URL(origin);
  url.pathname = pathname;
  for (const [name, value] of pairs) url.searchParams.append(name, value);
  return url;
}
