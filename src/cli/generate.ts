import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema } from "../config/json-schema.ts";
import { providerKinds } from "../providers/index.ts";
import { providerTables } from "./provider-table.ts";

const schemaPath = fileURLToPath(new URL("../config/llmhub.schema.json", import.meta.url));
writeFileSync(schemaPath, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
execFileSync("biome", ["format", "--write", schemaPath]);

const readmePath = fileURLToPath(new URL("../../README.md", import.meta.url));
const [begin, end] = ["<!-- providers, by npm run generate -->\n", "<!-- /providers -->\n"];
const readme = readFileSync(readmePath, "utf8");
const [before, rest = ""] = readme.split(begin);
const [, after] = rest.split(end);
if (after === undefined) throw new Error("README.md has lost the marks around the table of providers");
writeFileSync(readmePath, `${before}${begin}\n${providerTables(providerKinds.values())}\n${end}${after}`);
