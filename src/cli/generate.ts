import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configJsonSchema } from "../config/json-schema.ts";

const path = fileURLToPath(new URL("../config/llmhub.schema.json", import.meta.url));
writeFileSync(path, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
execFileSync("biome", ["format", "--write", path]);
