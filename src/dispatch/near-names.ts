/** Longest name that gets suggestions: the comparison is quadratic, and longer input is no typing mistake. */
const nameCharsMax = 64;

/** Suggestions at most: an error message is short. */
const suggestionsMax = 3;

/** Names that the caller may have meant, best first, at most 3: the same model elsewhere, then spellings close by. */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  if (wanted.length > nameCharsMax) return [];
  const model = wanted.slice(wanted.lastIndexOf("/") + 1);
  const ending = `/${model}`;
  const editsMax = Math.min(3, Math.floor(wanted.length / 3));
  const found: { name: string; edits: number }[] = [];
  for (const name of names) {
    const edits = model !== "" && name.endsWith(ending) ? 0 : distance(wanted, name, editsMax);
    if (edits <= editsMax) found.push({ name, edits });
  }
  found.sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1));
  return found.slice(0, suggestionsMax).map(({ name }) => name);
}

/**
 * Edits (insert, delete, replace) between two names, or Infinity when they are more than `max`. What both begin and end with
 * is passed over, and only cells so near the diagonal are looked at that they can count: gateways have thousands of names.
 */
function distance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return Number.POSITIVE_INFINITY;
  let start = 0;
  let aEnd = a.length;
  let bEnd = b.length;
  while (start < aEnd && start < bEnd && a[start] === b[start]) start++;
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) [aEnd, bEnd] = [aEnd - 1, bEnd - 1];
  const beyond = max + 1;
  const columns = bEnd - start;
  let above = Array.from({ length: columns + 1 }, (_, column) => column);
  for (let row = 1; row <= aEnd - start; row++) {
    const current = new Array<number>(columns + 1).fill(beyond);
    if (row <= max) current[0] = row;
    let least = current[0] ?? beyond;
    for (let column = Math.max(1, row - max); column <= Math.min(columns, row + max); column++) {
      const replaced = (above[column - 1] ?? 0) + (a[start + row - 1] === b[start + column - 1] ? 0 : 1);
      const edits = Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      current[column] = edits;
      least = Math.min(least, edits);
    }
    if (least > max) return Number.POSITIVE_INFINITY;
    above = current;
  }
  const edits = above[columns] ?? 0;
  return edits > max ? Number.POSITIVE_INFINITY : edits;
}
