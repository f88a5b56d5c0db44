import { isJson, objectOf, parseObject, textOf } from "../protocols/field.ts";

/** Names that are taken out of one list; longer ones are cut here. */
const namesMax = 10_000;

/**
 * Reads names out of a body like `{"data": [{"id": "name"}]}`, or one that is the list itself where `list` is empty; undefined
 * where there is no such list. `prefix` is cut off.
 */
export function namesIn(list: string, field: string, prefix = ""): (body: string) => readonly string[] | undefined {
  return (body) => {
    const entries = list === "" ? parseList(body) : parseObject(body)?.[list];
    if (!Array.isArray(entries)) return undefined;
    const names = entries.slice(0, namesMax).map((entry) => textOf(objectOf(entry)?.[field]));
    return names
      .filter((name) => name !== "")
      .map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name));
  };
}

function parseList(body: string): unknown {
  return isJson(body) ? JSON.parse(body) : undefined;
}
