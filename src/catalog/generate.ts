// Writes the shipped tables anew: node src/catalog/generate.ts <price table> <name of the price list> <provider>...
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CatalogTable } from "./catalog.ts";
import { extractModels } from "./extract.ts";

const [source, priceList, ...providers] = process.argv.slice(2);
if (source === undefined || priceList === undefined || providers.length === 0) {
  throw new Error("usage: node src/catalog/generate.ts <price table> <name of the price list> <provider>...");
}
const table = JSON.parse(readFileSync(source, "utf8"));
for (const provider of providers) {
  const catalog: CatalogTable = { priceList, models: extractModels(table, provider) };
  writeFileSync(join(import.meta.dirname, `${provider}.generated.json`), oneModelPerLine(catalog));
}

function oneModelPerLine({ priceList, models }: CatalogTable): string {
  const lines = Object.entries(models).map(([name, entry]) => `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  return `{\n "priceList": ${JSON.stringify(priceList)},\n "models": {\n${lines.join(",\n")}\n }\n}\n`;
}
