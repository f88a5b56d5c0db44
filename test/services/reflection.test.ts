import { create, createFileRegistry, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import * as v1 from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import * as v1alpha from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { reflectionServices } from "../../src/services/reflection.ts";

const served = [ModelService, CompletionService, Health, v1.ServerReflection, v1alpha.ServerReflection];
const reflection = reflectionServices(served);
const transport = createRouterTransport((routes) => {
  routes.service(v1.ServerReflection, reflection.v1);
  routes.service(v1alpha.ServerReflection, reflection.v1alpha);
});

type Asked = Exclude<v1.ServerReflectionRequest["messageRequest"], { case: undefined }>;
type Answered = v1.ServerReflectionResponse["messageResponse"] | v1alpha.ServerReflectionResponse["messageResponse"];

async function* messages(asked: readonly Asked[]) {
  for (const messageRequest of asked) yield { host: "here", messageRequest };
}

const versions: [string, (asked: readonly Asked[]) => Promise<Answered[]>][] = [
  ["v1", (asked) => answersOf(createClient(v1.ServerReflection, transport).serverReflectionInfo(messages(asked)))],
  ["v1alpha", (asked) => answersOf(askAlpha(asked))],
];

function askAlpha(asked: readonly Asked[]): AsyncIterable<v1alpha.ServerReflectionResponse> {
  async function* requests() {
    for (const { case: kind, value } of asked) {
      if (kind === "fileContainingExtension") {
        const { containingType, extensionNumber } = value;
        yield { messageRequest: { case: kind, value: { containingType, extensionNumber } } };
      } else {
        yield { messageRequest: { case: kind, value } };
      }
    }
  }
  return createClient(v1alpha.ServerReflection, transport).serverReflectionInfo(requests());
}

async function answersOf(
  responses: AsyncIterable<v1.ServerReflectionResponse | v1alpha.ServerReflectionResponse>,
): Promise<Answered[]> {
  const answers: Answered[] = [];
  for await (const { messageResponse } of responses) answers.push(messageResponse);
  return answers;
}

function filesOf(answers: readonly Answered[]): FileDescriptorProto[] {
  return answers.flatMap((answer) => {
    if (answer.case !== "fileDescriptorResponse") throw new Error(`not a file but ${JSON.stringify(answer.value)}`);
    return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  });
}

function registryOf(files: FileDescriptorProto[]): FileRegistry {
  const byName = new Map(files.map((file) => [file.name, file]));
  const sorted = new Set<FileDescriptorProto>();
  function add(file: FileDescriptorProto): void {
    for (const name of file.dependency) add(byName.get(name) ?? expect.unreachable(`${name} is missing`));
    sorted.add(file);
  }
  for (const file of files) add(file);
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...sorted] }));
}

describe.each(versions)("%s", (_, ask) => {
  test("lists what is served and nothing else", async () => {
    const [answer] = await ask([{ case: "listServices", value: "" }]);
    expect(answer?.value).toMatchObject({
      service: served
        .map(({ typeName }) => typeName)
        .sort()
        .map((name) => ({ name })),
    });
  });

  test("each service can be rebuilt from what is told of it alone", async () => {
    for (const service of served) {
      const answers = await ask([{ case: "fileContainingSymbol", value: service.typeName }]);
      const rebuilt = registryOf(filesOf(answers)).getService(service.typeName);
      expect(rebuilt?.methods.map(shapeOf)).toEqual(service.methods.map(shapeOf));
      const fieldsOf = (desc: DescService | undefined) =>
        desc?.methods.flatMap(({ input, output }) => [...input.fields, ...output.fields].map(String));
      expect(fieldsOf(rebuilt)).toEqual(fieldsOf(service));
    }
  });

  test("serves the types of error details with all they import", async () => {
    for (const [file, type] of [
      ["google/rpc/error_details.proto", "google.rpc.BadRequest.FieldViolation"],
      ["google/rpc/status.proto", "google.rpc.Status"],
      ["llmhub/v1/completion.proto", "llmhub.v1.CompletionFailure"],
      ["buf/validate/validate.proto", "buf.validate.FieldRules"],
      ["google/protobuf/descriptor.proto", "google.protobuf.FieldOptions"],
    ] as const) {
      const files = filesOf(await ask([{ case: "fileByFilename", value: file }]));
      expect(files[0]?.name).toBe(file);
      expect(registryOf(files).getMessage(type)?.typeName).toBe(type);
    }
    const reasons = filesOf(await ask([{ case: "fileContainingSymbol", value: "llmhub.v1.ErrorReason" }]));
    expect(registryOf(reasons).getEnum("llmhub.v1.ErrorReason")).toBeDefined();
  });

  test("keeps the rules of fields", async () => {
    const files = filesOf(await ask([{ case: "fileByFilename", value: "llmhub/v1/completion.proto" }]));
    const rules = registryOf(files).getExtension("buf.validate.field");
    const field = registryOf(files).getMessage("llmhub.v1.CompleteRequest")?.field["model"];
    expect(field?.proto.options?.$unknown?.map(({ no }) => no)).toContain(rules?.number);
  });

  test.each([
    ["llmhub.v1.CompletionService.Complete", "llmhub/v1/completion_service.proto"],
    ["llmhub.v1.CompleteRequest.model", "llmhub/v1/completion.proto"],
    ["llmhub.v1.ContentPart.part", "llmhub/v1/content.proto"],
    ["llmhub.v1.ROLE_USER", "llmhub/v1/content.proto"],
    ["grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"],
    ["buf.validate.field", "buf/validate/validate.proto"],
  ])("finds %s", async (symbol, file) => {
    expect(filesOf(await ask([{ case: "fileContainingSymbol", value: symbol }]))[0]?.name).toBe(file);
  });

  test("finds extensions by message and number", async () => {
    const containingType = "google.protobuf.FieldOptions";
    const [numbers, file, none] = await ask([
      { case: "allExtensionNumbersOfType", value: containingType },
      { case: "fileContainingExtension", value: extension(containingType, 1159) },
      { case: "allExtensionNumbersOfType", value: "llmhub.v1.Model" },
    ]);
    expect(numbers?.value).toMatchObject({ baseTypeName: containingType, extensionNumber: [1159, 1160] });
    expect(filesOf(file ? [file] : [])[0]?.name).toBe("buf/validate/validate.proto");
    expect(none?.value).toMatchObject({ extensionNumber: [] });
  });

  test("brings an import once per stream, and what is asked for each time", async () => {
    const asked = { case: "fileByFilename", value: "llmhub/v1/usage.proto" } as const;
    const answers = await ask([asked, asked, { case: "fileByFilename", value: "llmhub/v1/completion.proto" }]);
    const [first, again, wider] = answers.map((answer) => filesOf([answer]).map(({ name }) => name));
    expect(first).toContain("buf/validate/validate.proto");
    expect(again).toEqual(["llmhub/v1/usage.proto"]);
    expect(wider?.[0]).toBe("llmhub/v1/completion.proto");
    expect(wider?.filter((name) => first?.includes(name))).toEqual([]);
  });

  test("says what is unknown and goes on", async () => {
    const answers = await ask([
      { case: "fileByFilename", value: "no/such.proto" },
      { case: "fileContainingSymbol", value: "no.such.Symbol" },
      { case: "fileContainingExtension", value: extension("llmhub.v1.Model", 1) },
      { case: "allExtensionNumbersOfType", value: "no.such.Message" },
      { case: "listServices", value: "*" },
    ]);
    for (const answer of answers.slice(0, 4)) expect(answer.value).toMatchObject({ errorCode: Code.NotFound });
    expect(answers.at(-1)?.case).toBe("listServicesResponse");
  });
});

test("an answer repeats the request", async () => {
  async function* requests() {
    yield { host: "here" };
  }
  for await (const response of createClient(v1.ServerReflection, transport).serverReflectionInfo(requests())) {
    expect(response).toMatchObject({
      validHost: "here",
      originalRequest: { host: "here" },
      messageResponse: { case: "errorResponse", value: { errorCode: Code.InvalidArgument } },
    });
  }
  expect.assertions(1);
});

function extension(containingType: string, extensionNumber: number): v1.ExtensionRequest {
  return create(v1.ExtensionRequestSchema, { containingType, extensionNumber });
}

function shapeOf({ name, methodKind, input, output, idempotency }: (typeof served)[number]["methods"][number]) {
  return { name, methodKind, input: input.typeName, output: output.typeName, idempotency };
}
