// Writes the shipped tables anew: node src/catalog/generate.ts <price table> <name of the price list>
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableText } from "./catalog.ts";
import { extractModels } from "./extract.ts";
import { sources } from "./sources.ts";

const [source, priceList] = process.argv.slice(2);
if (source === undefined || priceList === undefined) {
  throw new Error("usage: node src/catalog/generate.ts <price table> <name of the price list>");
}
const table = JSON.parse(readFileSync(source, "utf8"));
for (const [kind, where] of Object.entries(sources)) {
  const text = tableText({ priceList, models: extractModels(table, where) });
  writeFileSync(join(import.meta.dirname, `${kind}.generated.json`), text);
}
