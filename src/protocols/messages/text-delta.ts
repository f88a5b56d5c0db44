const prefix = '{"type":"content_block_delta","index":';
const middle = ',"delta":{"type":"text_delta","text":"';
/** What text inside JSON quotes cannot hold as it is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these
const special = /["\\\u0000-\u001f]/;

const digit0 = 48;
const digit9 = 57;
const space = 32;
const brace = 125;
const quote = 34;

/**
 * The text of the commonest event, cut out without parsing: a text_delta as the API writes it, with blanks for padding
 * before the last brace, and text without escapes. Undefined for everything else, which is then parsed as JSON.
 */
export function textOfDelta(data: string): string | undefined {
  if (!data.startsWith(prefix)) return undefined;
  let at = prefix.length;
  while (isDigit(data.charCodeAt(at))) at++;
  if (at === prefix.length || !data.startsWith(middle, at)) return undefined;
  const start = at + middle.length;
  let end = data.length - 1;
  if (data.charCodeAt(end) !== brace) return undefined;
  do end--;
  while (data.charCodeAt(end) === space);
  if (data.charCodeAt(end) !== brace || data.charCodeAt(end - 1) !== quote || end - 1 < start) return undefined;
  const text = data.slice(start, end - 1);
  return special.test(text) ? undefined : text;
}

function isDigit(code: number): boolean {
  return code >= digit0 && code <= digit9;
}
