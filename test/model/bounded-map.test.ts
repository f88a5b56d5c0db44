import fc from "fast-check";
import { expect, test } from "vitest";
import { BoundedMap } from "../../src/model/bounded-map.ts";

test("drops what was not used for longest", () => {
  const step = fc.tuple(
    fc.constantFrom("get", "get", "set", "peek", "delete"),
    fc.constantFrom("a", "b", "c", "d", "e"),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const dropped: string[] = [];
      const map = new BoundedMap<string>(3, (value) => dropped.push(value));
      let used: string[] = [];
      const wanted: string[] = [];
      for (const [what, key] of steps) {
        const isKnown = used.includes(key);
        if (what === "set") map.set(key, key);
        else if (what === "delete") map.delete(key);
        else expect(map[what === "get" ? "get" : "peek"](key)).toBe(isKnown ? key : undefined);
        if (what === "delete" || what === "set" || (what === "get" && isKnown)) {
          used = used.filter((other) => other !== key);
          if (what !== "delete") used.push(key);
        }
        if (used.length > 3) wanted.push(...used.splice(0, 1));
      }
      expect([...map.values()]).toEqual(used);
      expect(dropped).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});
