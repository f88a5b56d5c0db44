import fc from "fast-check";
import { expect, test } from "vitest";
import { nearNames } from "../../src/dispatch/near-names.ts";

const names = fc.string({ unit: fc.constantFrom("a", "b", "-"), minLength: 1, maxLength: 14 });

/** Edits by the whole table. */
function editsOf(a: string, b: string): number {
  const table = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= a.length; row++) {
    const above = table[row - 1] ?? [];
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    table.push(current);
  }
  return table[a.length]?.[b.length] ?? 0;
}

test("suggests the names with the fewest edits, up to a third of what was wanted and three", () => {
  fc.assert(
    fc.property(names, fc.uniqueArray(names, { maxLength: 12 }), (wanted, known) => {
      const editsMax = Math.min(3, Math.floor(wanted.length / 3));
      const near = known
        .map((name) => ({ name, edits: editsOf(wanted, name) }))
        .filter(({ edits }) => edits <= editsMax)
        .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1));
      expect(nearNames(wanted, known)).toEqual(near.slice(0, 3).map(({ name }) => name));
    }),
    { numRuns: 1000 },
  );
});
