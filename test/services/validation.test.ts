import { create, getOption, hasOption, type MessageInitShape } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { type BadRequest, BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { SystemService } from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { CompleteRequestSchema, StreamCompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { ListModelsRequestSchema, ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { GatewayError } from "../../src/model/error.ts";
import { createRequestValidator } from "../../src/services/validation.ts";

const validator = createRequestValidator();

function refusalOf(request: MessageInitShape<typeof CompleteRequestSchema>): GatewayError {
  try {
    validator.check(CompleteRequestSchema, create(CompleteRequestSchema, request));
  } catch (error) {
    return error as GatewayError;
  }
  throw new Error("the request was accepted");
}

function violationsOf(error: GatewayError): BadRequest["fieldViolations"] {
  return error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
}

test("takes what follows the rules", () => {
  validator.check(CompleteRequestSchema, create(CompleteRequestSchema, { model: "openai/gpt-4o", input: "hi" }));
  validator.check(ListModelsRequestSchema, create(ListModelsRequestSchema));
});

describe("refuses", () => {
  test.each<[MessageInitShape<typeof CompleteRequestSchema>, string, string]>([
    [{ input: "hi", model: "gpt 4o" }, "model", "string.pattern"],
    [{ input: "hi", temperature: 3 }, "temperature", "double.gte_lte"],
    [{ messages: [{ text: "a", content: [] }, { role: 2 }] }, "messages[1]", "message.oneof"],
    [{ input: "hi", labels: { UPPER: "x" } }, 'labels["UPPER"]', "string.pattern"],
    [
      { input: "hi", tools: [{ kind: { case: "function", value: { name: "a b" } } }] },
      "tools[0].function.name",
      "string.pattern",
    ],
  ])("%j", (request, field, reason) => {
    const error = refusalOf(request);
    expect(error).toMatchObject({ reason: "INVALID_REQUEST", code: Code.InvalidArgument, info: { violations: "1" } });
    expect(violationsOf(error)).toMatchObject([{ field, reason, description: expect.stringMatching(/./) }]);
    expect(error.rawMessage).toContain(field);
  });

  test("a wrapped request with the path from the outside", () => {
    const wrapped = create(StreamCompleteRequestSchema, {
      start: { case: "request", value: { input: "hi", topP: 2 } },
    });
    expect(() => validator.check(StreamCompleteRequestSchema, wrapped)).toThrow("request.top_p");
  });
});

test("counts all violations and tells as many as a trailer can hold", () => {
  const error = refusalOf({ messages: Array.from({ length: 500 }, () => ({})) });
  expect(error.info["violations"]).toBe("500");
  const told = violationsOf(error);
  expect(told.map(({ field }) => field)).toEqual(Array.from({ length: 20 }, (_, index) => `messages[${index}]`));
  expect(error.rawMessage).toMatch(/messages\[0].*messages\[1].*messages\[2].*497 more/);
});

test("stays small whatever the caller writes", () => {
  const labels = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}${"Ü".repeat(5000)}`, "x"]));
  const error = refusalOf({ input: "hi", labels });
  const bytes = violationsOf(error).reduce(
    (sum, { field, reason, description }) => sum + Buffer.byteLength(field + reason + description),
    0,
  );
  expect(bytes).toBeGreaterThan(500);
  expect(bytes).toBeLessThan(3 * 1024);
  expect(error.rawMessage.length).toBeLessThanOrEqual(512);
});

test("every pattern of the API means the same to the platform's regular expressions", () => {
  const services = [CompletionService, EmbeddingService, ModelService, RerankService, SystemService];
  const files = services.flatMap(({ file }) => [file, ...file.dependencies]);
  const ours = new Set(files.flatMap((file) => [file, ...file.dependencies]));
  const patterns = [...ours]
    .filter((file) => file.proto.package.startsWith("llmhub."))
    .flatMap((file) => [...nestedTypes(file)])
    .flatMap((type) => (type.kind === "message" ? type.fields : []))
    .filter((field) => hasOption(field, fieldRules))
    .flatMap((field) => {
      const { type } = getOption(field, fieldRules);
      const all = type.case === "map" ? [type.value.keys?.type, type.value.values?.type] : [type];
      if (type.case === "repeated") all.push(type.value.items?.type);
      return all.flatMap((rules) =>
        rules?.case === "string" && rules.value.pattern !== "" ? [rules.value.pattern] : [],
      );
    });
  expect(new Set(patterns).size).toBeGreaterThan(9);
  // One class of characters after another, each repeated: the same language in both dialects, and linear.
  const classes = String.raw`([A-Za-z]+\/|\\\.|\[[\w.:@/-]+\]([*+]|\{\d+(,\d+)?\})?)+`;
  for (const pattern of patterns) expect(pattern).toMatch(new RegExp(`^\\^(${classes}|\\(${classes}\\)\\?)\\$$`));
});
