import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { configJsonSchema } from "../config/json-schema.ts";
import { providerKinds } from "../providers/index.ts";
import { openApiDocument } from "../surfaces/openapi/document.ts";
import { version } from "../version.ts";
import { providerTables } from "./provider-table.ts";

writeJson("../config/llmhub.schema.json", configJsonSchema());

// The descriptors in gen have no comments.
const image = execFileSync("buf", ["build", "-o", "-#format=binpb"], { maxBuffer: 64 * 1024 * 1024 });
const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
writeJson("../surfaces/openapi/openapi.json", openApiDocument({ version: version(), files }));

const readmePath = fileURLToPath(new URL("../../README.md", import.meta.url));
const [begin, end] = ["<!-- providers, by npm run generate -->\n", "<!-- /providers -->\n"];
const readme = readFileSync(readmePath, "utf8");
const [before, rest = ""] = readme.split(begin);
const [, after] = rest.split(end);
if (after === undefined) throw new Error("README.md has lost the marks around the table of providers");
writeFileSync(readmePath, `${before}${begin}\n${providerTables(providerKinds.values())}\n${end}${after}`);

function writeJson(to: string, value: object): void {
  const path = fileURLToPath(new URL(to, import.meta.url));
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
  execFileSync("biome", ["format", "--write", path]);
}
