/** Longest name that gets suggestions: the comparison is quadratic, and longer input is no typing mistake. */
const nameCharsMax = 64;

/** Suggestions at most: an error message is short. */
const suggestionsMax = 3;

/** Names that the caller may have meant, best first, at most 3: the same model elsewhere, then spellings close by. */
export function nearNames(wanted: string, names: Iterable<string>): string[] {
  if (wanted.length > nameCharsMax) return [];
  const model = wanted.slice(wanted.lastIndexOf("/") + 1);
  const editsMax = Math.min(3, Math.floor(wanted.length / 3));
  const found: { name: string; edits: number }[] = [];
  for (const name of names) {
    const edits = model !== "" && name.endsWith(`/${model}`) ? 0 : distance(wanted, name, editsMax);
    if (edits <= editsMax) found.push({ name, edits });
  }
  found.sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1));
  return found.slice(0, suggestionsMax).map(({ name }) => name);
}

/** Edits (insert, delete, replace) between two names, or Infinity as soon as they are surely more than `max`. */
function distance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return Number.POSITIVE_INFINITY;
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    if (Math.min(...current) > max) return Number.POSITIVE_INFINITY;
    above = current;
  }
  return above[b.length] ?? 0;
}
