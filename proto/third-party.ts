// Lays the third-party .proto files that ours import where buf.yaml looks for them. They come out of npm packages,
// so generating needs no schema registry. buf/validate has no .proto in its package: it is printed from the
// descriptor that the package holds, without the options, which only the validator itself reads.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DescriptorProto, EnumDescriptorProto, FieldDescriptorProto } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate as validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const modules = join(import.meta.dirname, "../node_modules");
const target = join(modules, ".cache/llmhub-proto");

const copies: Readonly<Record<string, string>> = {
  "google/rpc/status.proto": "google-gax/build/protos/google/rpc/status.proto",
  "google/rpc/error_details.proto": "google-gax/build/protos/google/rpc/error_details.proto",
  "grpc/health/v1/health.proto": "grpc-health-check/proto/health/v1/health.proto",
  "grpc/reflection/v1/reflection.proto": "@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto",
  "grpc/reflection/v1alpha/reflection.proto": "@grpc/reflection/build/proto/grpc/reflection/v1alpha/reflection.proto",
};

const labels = ["", "optional", "required", "repeated"];
// Names of FieldDescriptorProto.Type, by number (descriptor.proto).
const scalars = [
  ..." double float int64 uint64 int32 fixed64 fixed32 bool string group message bytes".split(" "),
  ..."uint32 enum sfixed32 sfixed64 sint32 sint64".split(" "),
];

function printField(field: FieldDescriptorProto, label = labels[field.label] ?? ""): string {
  const type = field.typeName === "" ? scalars[field.type] : field.typeName;
  return `${label} ${type} ${field.name} = ${field.number};`.trimStart();
}

function printEnum({ name, value }: EnumDescriptorProto): string {
  return `enum ${name} { ${value.map((v) => `${v.name} = ${v.number};`).join(" ")} }`;
}

function printMessage({ name, field, oneofDecl, extensionRange, nestedType, enumType }: DescriptorProto): string {
  const members = (oneof: number) => field.filter((f) => f.oneofIndex === oneof && isInOneof(f));
  const lines = [
    ...nestedType.map(printMessage),
    ...enumType.map(printEnum),
    ...field.filter((f) => !isInOneof(f)).map((f) => printField(f)),
    ...oneofDecl.map((oneof, i) => {
      const fields = members(i).map((f) => printField(f, ""));
      return `oneof ${oneof.name} { ${fields.join(" ")} }`;
    }),
    ...extensionRange.map(({ start, end }) => `extensions ${start} to ${end > 500_000_000 ? "max" : end - 1};`),
  ];
  return `message ${name} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

function isInOneof(field: FieldDescriptorProto): boolean {
  return Object.hasOwn(field, "oneofIndex");
}

function printValidate(): string {
  const { package: name, dependency, messageType, enumType, extension } = validate.proto;
  return [
    `syntax = "proto2";\npackage ${name};\n`,
    ...dependency.map((file) => `import "${file}";\n`),
    ...enumType.map((e) => `${printEnum(e)}\n`),
    ...messageType.map(printMessage),
    ...extension.map((e) => `extend ${e.extendee} { ${printField(e)} }\n`),
  ].join("");
}

function put(path: string, write: (to: string) => void): void {
  const to = join(target, path);
  mkdirSync(dirname(to), { recursive: true });
  write(to);
}

rmSync(target, { recursive: true, force: true });
for (const [path, from] of Object.entries(copies)) put(path, (to) => cpSync(join(modules, from), to));
put("buf/validate/validate.proto", (to) => writeFileSync(to, printValidate()));
