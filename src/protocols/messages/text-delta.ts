/** What text inside JSON quotes cannot hold as it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these
const special = /["\\\u0000-\u001f]/;

const space = 32;
const brace = 125;
const quote = 34;

/** How the commonest event begins: a text_delta to this block, as the API writes it. */
export function headOfDelta(index: number): string {
  return `{"type":"content_block_delta","index":${index},"delta":{"type":"text_delta","text":"`;
}

/**
 * The text of an event with this head, cut out without parsing: with blanks for padding before the last brace, and text
 * without escapes. Undefined for everything else, which is then parsed as JSON.
 */
export function textOfDelta(data: string, head: string): string | undefined {
  if (!data.startsWith(head)) return undefined;
  let end = data.length - 1;
  if (data.charCodeAt(end) !== brace) return undefined;
  do end--;
  while (data.charCodeAt(end) === space);
  if (data.charCodeAt(end) !== brace || data.charCodeAt(end - 1) !== quote || end - 1 < head.length) return undefined;
  const text = data.slice(head.length, end - 1);
  return special.test(text) ? undefined : text;
}
