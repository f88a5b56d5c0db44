import fc from "fast-check";
import { util } from "undici";
import { expect, test } from "vitest";
import { RawHead } from "../../src/upstream/head.ts";

const names = fc.constantFrom("content-type", "Content-Type", "X-Request-ID", "x-request-id", "a", "b_", "__proto__");
const values = fc.string({ unit: "binary", maxLength: 12 }).map((text) => Buffer.from(text, "latin1"));

test("headers are the same whether one is asked for or all", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values), { maxLength: 8 }), (fields) => {
      const raw = fields.flatMap(([name, value]) => [Buffer.from(name), value]);
      const head = new RawHead(raw);
      const all = util.parseHeaders(raw);
      expect(head.all()).toEqual(all);
      for (const [name] of fields) {
        const lower = name.toLowerCase();
        expect(head.get(lower)).toEqual(Object.getOwnPropertyDescriptor(all, lower)?.value);
      }
      expect(head.get("content-encoding")).toBeUndefined();
    }),
    { seed: 3 },
  );
});
