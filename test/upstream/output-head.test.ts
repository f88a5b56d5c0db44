import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputHead } from "../../src/upstream/output-head.ts";
import { errorOf } from "../support/dialect.ts";
import { pieces } from "../support/pieces.ts";

test("text before the first line of JSON is kept apart, however it is cut", () => {
  const notice = fc.array(fc.stringMatching(/^[^{\n][^\n]{0,20}$/), { maxLength: 4 });
  fc.assert(
    fc.property(notice, fc.array(fc.nat()), (lines, places) => {
      const text = lines.map((line) => `${line}\n`).join("");
      const head = new OutputHead();
      let answer = Buffer.alloc(0);
      for (const piece of pieces(Buffer.from(`${text}{"a":"{"}\n{"b":2}\n`), places)) {
        const rest: Buffer | undefined = answer.length > 0 ? piece : head.push(piece);
        if (rest !== undefined) answer = Buffer.concat([answer, rest]);
      }
      expect([head.text.toString(), answer.toString()]).toEqual([text, '{"a":"{"}\n{"b":2}\n']);
    }),
  );
});

test("64 KiB of text are enough", () => {
  const head = new OutputHead();
  expect(head.push(Buffer.alloc(64 * 1024, "x"))).toBeUndefined();
  expect(errorOf(() => head.push(Buffer.from("x")))).toMatchObject({
    reason: "PROVIDER_BAD_RESPONSE",
    info: { cause: "not_json" },
  });
});
