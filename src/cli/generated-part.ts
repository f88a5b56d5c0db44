import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Writes what stands on a page of docs between its marks of this name. Throws where a mark is lost. */
export function writePart(page: string, name: string, text: string): void {
  const path = fileURLToPath(new URL(`../../docs/${page}`, import.meta.url));
  const [begin, end] = [`<!-- ${name}, by npm run generate -->\n`, `<!-- /${name} -->\n`];
  const [before, rest = ""] = readFileSync(path, "utf8").split(begin);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error(`${path} has lost the marks around its part "${name}"`);
  writeFileSync(path, `${before}${begin}\n${text}\n${end}${after}`);
}
