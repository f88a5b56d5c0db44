/** One name in the text that Node makes of a certificate's; those with signs that would make it ambiguous stand in quotes. */
const altName = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/y;

/** The URIs and DNS names in a text such as "DNS:localhost, URI:spiffe://a/b"; none if it is of another form. */
export function altNamesIn(text: string): string[] {
  const names: string[] = [];
  for (let at = 0; at < text.length; ) {
    altName.lastIndex = at;
    const [whole, kind = "", name = ""] = altName.exec(text) ?? [];
    if (whole === undefined) return [];
    if (isIdentity(kind, name)) names.push(name);
    at += whole.length;
  }
  return names;
}

/**
 * Whether a name can stand for a caller: a URI that looks like one, or a DNS name that does not, so that neither can be taken
 * for the other once their kinds are gone. No identity has quotes in it.
 */
export function isIdentity(kind: string, name: string): boolean {
  if (name === "" || name.includes('"')) return false;
  if (kind === "URI") return name.includes("://");
  return kind === "DNS" && !/[:/]/.test(name);
}
