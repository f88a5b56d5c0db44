import { expect, it } from "vitest";
import { faultOfMistral } from "../../../src/providers/mistral/fault.ts";

/** Bodies after docs.mistral.ai/api: a request that breaks the schema. None is among the recordings. */
const details = [{ type: "extra_forbidden", loc: ["body", "stream_options"], msg: "secret", input: "secret" }];
const failure = { provider: "mistral", model: "m", modelDeclared: false, status: 422, headers: {} };

it.each([
  ["bare", { detail: details }],
  ["wrapped", { object: "error", message: { detail: details }, type: "invalid_request_error" }],
])("tells which field broke the schema: %s", (_, body) => {
  const error = faultOfMistral({ ...failure, body: JSON.stringify(body) });
  expect([error.reason, error.info["upstreamField"]]).toEqual(["PROVIDER_INVALID_REQUEST", "stream_options"]);
  expect(error.message + JSON.stringify(error.info)).not.toContain("secret");
});

it("tells no field that could be content", () => {
  const body = JSON.stringify({ detail: [{ loc: ["body", "tools", 0, "my secret key"] }] });
  expect(faultOfMistral({ ...failure, body }).info).not.toHaveProperty("upstreamField");
});
