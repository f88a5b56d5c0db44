import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../../../src/model/error.ts";
import { countedConverse } from "../../../src/protocols/converse/protocol.ts";
import { type Conversation, conversations, settingsAlone } from "../../conformance/conversation.ts";
import { requestOf } from "../../support/every-dialect.ts";
import { bedrockShapes, shapeProblems } from "../../support/service-shape.ts";
import { attemptFor, models } from "./attempt.ts";

const { origin, shapes } = bedrockShapes();

/** Whether the request could be said at all, and what is wrong with how it was said. */
function check({ request }: Conversation, model: string, stream: boolean): boolean {
  const attempt = attemptFor(requestOf(request), model, stream);
  try {
    const { body, path } = countedConverse.render(attempt);
    const sent = JSON.parse(JSON.stringify(body));
    expect(shapeProblems(shapes, stream ? "ConverseStreamRequest" : "ConverseRequest", sent)).toEqual([]);
    expect(path).toBe(`/model/${encodeURIComponent(model)}/converse${stream ? "-stream" : ""}`);
    const count = JSON.parse(JSON.stringify(countedConverse.count?.render(attempt).body));
    expect(shapeProblems(shapes, "CountTokensRequest", count)).toEqual([]);
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return false;
  }
}

describe(`requests are as ${origin} has them`, () => {
  test.each(Object.entries(models))("%s", (_name, model) => {
    let said = 0;
    fc.assert(
      fc.property(fc.oneof(conversations, settingsAlone), fc.boolean(), (conversation, stream) => {
        if (check(conversation, model, stream)) said++;
      }),
      { numRuns: 200 },
    );
    expect(said).toBeGreaterThan(60);
  });
});

test("the checker finds what is wrong", () => {
  const message = { role: "user", content: [{ text: "a" }] };
  const problems = (body: object) => shapeProblems(shapes, "ConverseRequest", body);
  expect(problems({ messages: [message] })).toEqual([]);
  expect(problems({ messages: [{ role: "tool", content: [{ text: "a", image: {} }] }], temperature: 1 })).toEqual([
    "ConverseRequest.messages[0].role: tool is none of user,assistant,system",
    "ConverseRequest.messages[0].content[0]: a union with 2 members",
    "ConverseRequest.messages[0].content[0].image.format: is missing",
    "ConverseRequest.messages[0].content[0].image.source: is missing",
    "ConverseRequest.temperature: is unknown",
  ]);
  const settings = { maxTokens: 0, topP: "1", stopSequences: [""] };
  expect(problems({ messages: [message], inferenceConfig: settings })).toEqual([
    "ConverseRequest.inferenceConfig.maxTokens: 0 is below 1",
    "ConverseRequest.inferenceConfig.topP: no number",
    "ConverseRequest.inferenceConfig.stopSequences[0]: 0 is below 1",
  ]);
  const source = { bytes: "no base64!" };
  expect(problems({ messages: [{ role: "user", content: [{ image: { format: "png", source } }] }] })).toEqual([
    "ConverseRequest.messages[0].content[0].image.source.bytes: no base64",
  ]);
});
