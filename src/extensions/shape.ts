import { apiVersion } from "./contract.ts";

const namePattern = /^[a-z][a-z0-9-]{0,39}$/;

type Fields = Readonly<Record<string, unknown>>;

/** What keeps an export from being an extension; undefined: nothing. Modules are often plain JavaScript. */
export function flawOf(value: unknown): string | undefined {
  if (value === undefined) return "there is no such export; export one, or name another with export";
  if (!isFields(value)) return "it is no extension, but another value; see defineExtension";
  const version = value["apiVersion"];
  if (version !== apiVersion) {
    const written = typeof version === "number" ? `was written for version ${version}` : "has no apiVersion";
    return `it ${written}; this gateway has version ${apiVersion} of the interface`;
  }
  if (typeof value["name"] !== "string" || !namePattern.test(value["name"])) {
    return "its name must be a lower-case letter, then lower-case letters, digits or -, at most 40 in all";
  }
  if (value["init"] !== undefined && typeof value["init"] !== "function") return "its init is no function";
  return schemaFlaw(value["schema"]) ?? kindsFlaw(value["kinds"]);
}

/** What keeps the result of `init` from being an open extension. */
export function openFlawOf(value: unknown): string | undefined {
  if (!isFields(value)) return "init gave no object with call, attempt or close";
  const wrong = ["call", "attempt", "close"].find(
    (name) => value[name] !== undefined && typeof value[name] !== "function",
  );
  return wrong === undefined ? undefined : `init gave a ${wrong} that is no function`;
}

function schemaFlaw(schema: unknown): string | undefined {
  if (schema === undefined) return undefined;
  const standard = isFields(schema) || typeof schema === "function" ? Reflect.get(schema, "~standard") : undefined;
  const isStandard = isFields(standard) && standard["version"] === 1 && typeof standard["validate"] === "function";
  return isStandard ? undefined : "its schema does not follow version 1 of Standard Schema";
}

function kindsFlaw(kinds: unknown): string | undefined {
  if (kinds === undefined) return undefined;
  if (!Array.isArray(kinds)) return "its kinds are no list";
  const seen = new Set<unknown>();
  for (const kind of kinds as unknown[]) {
    if (!isFields(kind)) return "one of its kinds is no object";
    const name = kind["kind"];
    if (typeof name !== "string" || !namePattern.test(name)) return "one of its kinds has no usable kind";
    if (seen.has(name)) return `it has the kind ${name} twice`;
    seen.add(name);
    const missing = factMissing(kind);
    if (missing !== undefined) return `its kind ${name} has no ${missing}`;
    if (kind["carry"] !== undefined) return `its kind ${name} has carry, which is not for extensions`;
  }
  return undefined;
}

/** The first fact that no kind can do without and that this one lacks. */
function factMissing(kind: Fields): string | undefined {
  if (typeof kind["displayName"] !== "string") return "displayName that is a text";
  if (typeof kind["keyRequired"] !== "boolean") return "keyRequired that is true or false";
  return ["authorize", "dialects", "models"].find((name) => typeof kind[name] !== "function");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}
