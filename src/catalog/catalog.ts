import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ModelFacts } from "../model/target.ts";
import { factsOf, type ModelEntry } from "./facts.ts";

/** A shipped table, as generate.ts writes it. */
export interface CatalogTable {
  /** PriceList.name of all its prices. */
  readonly priceList: string;
  readonly models: Readonly<Record<string, ModelEntry>>;
}

const read = new Map<string, ReadonlyMap<string, ModelFacts>>();

/** Models that the gateway knows of a provider by name; empty where no table is shipped. Each table is read once. */
export function catalogOf(provider: string): ReadonlyMap<string, ModelFacts> {
  let models = read.get(provider);
  if (models === undefined) {
    models = load(provider);
    read.set(provider, models);
  }
  return models;
}

function load(provider: string): ReadonlyMap<string, ModelFacts> {
  const path = join(import.meta.dirname, `${provider}.generated.json`);
  if (!/^[a-z0-9-]+$/.test(provider) || !existsSync(path)) return new Map();
  const { priceList, models }: CatalogTable = JSON.parse(readFileSync(path, "utf8"));
  return new Map(Object.entries(models).map(([name, entry]) => [name, factsOf(entry, priceList)]));
}

/** A table as it is shipped: one model a line. */
export function tableText({ priceList, models }: CatalogTable): string {
  const lines = Object.entries(models).map(([name, entry]) => `  ${JSON.stringify(name)}: ${JSON.stringify(entry)}`);
  return `{\n "priceList": ${JSON.stringify(priceList)},\n "models": {\n${lines.join(",\n")}\n }\n}\n`;
}
