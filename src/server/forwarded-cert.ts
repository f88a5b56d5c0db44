import { isIdentity } from "./alt-names.ts";

/** Longest header that is looked at: whole certificates fit, chains of them may not. */
const charsMax = 8 * 1024;

/** `key=value`; a value with , ; or = in it stands in quotes, where a backslash keeps the next character from ending it. */
const pair = /([A-Za-z]{1,32})=("(?:[^"\\]|\\.)*"|[^",;=\s]*)/y;
/** What stands between pairs of one element, and between elements. */
const separator = /;|[ \t]*,[ \t]*/y;

/**
 * The URIs and DNS names of the caller's certificate in x-forwarded-client-cert, as Envoy writes it. Of several elements the
 * last one counts: the proxy that is connected here has appended it, and those before it may be anybody's. The whole header
 * must be well formed, or an open quote in what a caller sent could swallow what the proxy appended. Undefined: it is not.
 */
export function forwardedNames(header: string): readonly string[] | undefined {
  if (header.length > charsMax) return undefined;
  let names: string[] = [];
  for (let at = 0; ; ) {
    pair.lastIndex = at;
    const [text, key = "", value = ""] = pair.exec(header) ?? [];
    if (text === undefined) return undefined;
    const name = unquoted(value);
    if (isIdentity(key.toUpperCase(), name)) names.push(name);
    at += text.length;
    if (at === header.length) return names;
    separator.lastIndex = at;
    const [between] = separator.exec(header) ?? [];
    if (between === undefined) return undefined;
    if (between !== ";") names = [];
    at += between.length;
  }
}

/** What is escaped in it stays so: no identity has such signs. */
function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1) : value;
}
