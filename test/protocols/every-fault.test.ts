import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import type { Failure } from "../../src/model/protocol.ts";
import { embedDialects, protocols, rerankDialects } from "../support/every-dialect.ts";

/** A sentence, as it may repeat what a caller said. */
const said = "the caller said so";

/** Names that dialects look for in the body of a refusal, and in its head. */
const fields = [
  ...["error", "errors", "message", "Message", "detail", "details", "type", "@type", "__type", "code", "status"],
  ...["reason", "metadata", "retryDelay", "param", "inner_error", "innererror", "error_codes", "violations"],
  ...["exitCode", "signal", "output", "result", "subtype", "rate_limit_info", "resetsAt", "request_id", "loc", "msg"],
];
const headers = [
  ...["retry-after", "retry-after-ms", "x-request-id", "request-id", "x-amzn-errortype", "x-amzn-requestid"],
  ...["x-should-retry", "x-ratelimit-reset-requests", "anthropic-ratelimit-tokens-reset", "content-type"],
];

const leaf = fc.oneof(
  fc.constantFrom<unknown>(said, "", "rate_limit", "529", "13s", "1e999", null, true, -1, 0, 429, 1e308, 1e12),
  fc.string(),
  fc.double(),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("value"), { maxLength: 3 }), tie("object")),
  object: fc.dictionary(fc.constantFrom(...fields), tie("value"), { maxKeys: 6 }),
}));
const body = fc.oneof(
  { weight: 5, arbitrary: value.map((each) => JSON.stringify(each) ?? "") },
  { weight: 1, arbitrary: fc.string() },
);
const header = fc.oneof(fc.string(), fc.constantFrom(said, "1e9", "-1", "Thu, 99 Foo"), fc.array(fc.string()));
const refusal = fc.record({
  status: fc.integer({ min: 100, max: 599 }),
  headers: fc.dictionary(fc.constantFrom(...headers), header),
  body,
  modelDeclared: fc.boolean(),
});

const spoken = [...protocols, ...embedDialects, ...rerankDialects];
const dialects = new Map<string, { fault(failure: Failure): GatewayError }>(
  spoken.map(({ kind, dialect }) => [`${kind} ${dialect.name}`, dialect]),
);

test.each([...dialects])("%s makes an error without content of whatever refuses", (_name, { fault }) => {
  fc.assert(
    fc.property(refusal, (given) => {
      const failure: Failure = { provider: "p", model: "m", ...given };
      const error = fault(failure);
      expect(error).toBeInstanceOf(GatewayError);
      expect(error.retryMs ?? 0).toBeGreaterThanOrEqual(0);
      const told = [
        error.rawMessage,
        JSON.stringify(error.info),
        JSON.stringify(error.upstream),
        [...error.metadata].join(),
      ];
      expect(told.join("\n")).not.toContain(said);
    }),
    { numRuns: 300 },
  );
});
