// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment look like this
import fc from "fast-check";
import { expect, test } from "vitest";
import { substitute } from "../../src/config/substitution.ts";

const env = { A: "1", EMPTY: "", NESTED: "${A}", DOLLAR: "$&" };

test.each([
  ["plain", "plain"],
  ["${A}", "1"],
  ["x${A}y${A}z", "x1y1z"],
  ["${NOPE:-d}", "d"],
  ["${EMPTY:-d}", "d"],
  ["${EMPTY}", ""],
  ["${A:-d}", "1"],
  ["${NOPE:-}", ""],
  ["$${A}", "${A}"],
  ["$$${A}", "$${A}"],
  ["${NESTED}", "${A}"],
  ["${DOLLAR}", "$&"],
  ["$A $ {A} }", "$A $ {A} }"],
])("%s gives %s", (text, expected) => {
  expect(substitute(text, env)).toEqual({ text: expected });
});

test.each(["${NOPE}", "a ${NOPE} ${ALSO}"])("%s lacks its variable", (text) => {
  const message = "needs the environment variable NOPE, which is not set; set it, or write ${NOPE:-default}";
  expect(substitute(text, env)).toEqual({ problem: message });
});

test.each(["${", "${A", "${1}", "${A-b}", "${toString"])("%s is no reference", (text) => {
  expect(substitute(text, env)).toHaveProperty("problem", expect.stringContaining("is not ${NAME}"));
});

test("text without a dollar sign stays as it is", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replaceAll("$", "");
      expect(substitute(plain, env)).toEqual({ text: plain });
    }),
  );
});
