import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { configJsonSchema } from "../config/json-schema.ts";
import { providerKinds } from "../providers/index.ts";
import { commentOf } from "../surfaces/openapi/comments.ts";
import { openApiDocument } from "../surfaces/openapi/document.ts";
import { version } from "../version.ts";
import { commandReference } from "./command-reference.ts";
import { configReference } from "./config-reference.ts";
import { errorTable } from "./error-table.ts";
import { writePart } from "./generated-part.ts";
import { providerTables } from "./provider-table.ts";

writeJson("../config/llmhub.schema.json", configJsonSchema());

// The descriptors in gen have no comments.
const image = execFileSync("buf", ["build", "-o", "-#format=binpb"], { maxBuffer: 64 * 1024 * 1024 });
const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
writeJson("../surfaces/openapi/openapi.json", openApiDocument({ version: version(), files }));

writePart("providers.md", "providers", providerTables(providerKinds.values()));
writePart("configuration-reference.md", "settings", configReference());
writePart("command-line.md", "commands", await commandReference());
const reasonValues = new Map(files.getEnum("llmhub.v1.ErrorReason")?.values.map((value) => [value.localName, value]));
writePart(
  "errors.md",
  "reasons",
  errorTable((reason) => commentOf(reasonValues.get(reason) ?? unknownReason(reason))),
);

function unknownReason(reason: string): never {
  throw new Error(`the proto files have no reason ${reason}`);
}

function writeJson(to: string, value: object): void {
  const path = fileURLToPath(new URL(to, import.meta.url));
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
  execFileSync("biome", ["format", "--write", path]);
}
