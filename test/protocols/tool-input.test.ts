import { expect, test } from "vitest";
import { Rendering } from "../../src/protocols/rendering.ts";
import { toolInput } from "../../src/protocols/tool-input.ts";
import { completionOf, errorOf } from "../support/dialect.ts";

const field = "messages[0]";
const rendering = () => new Rendering(completionOf({ input: "hi" }), "f");

test.each([
  ["", "{}"],
  [" null ", "{}"],
  ['{ "n": 1.0, "big": 12345678901234567890 }', '{"n":1.0,"big":12345678901234567890}'],
])("%s is sent as %s", (text, sent) => {
  const one = rendering();
  expect(JSON.stringify(toolInput(text, field, one))).toBe(sent);
  expect(one.warnings).toEqual([]);
});

test("what was cut off is sent as nothing, and told", () => {
  const one = rendering();
  expect(toolInput('{"n": 1', field, one)).toEqual({});
  expect(one.warnings).toMatchObject([{ code: "SETTING_CHANGED", field }]);
});

test.each(["[1]", "1", '"a"', "true"])("%s is no input", (text) => {
  expect(errorOf(() => toolInput(text, field, rendering()))).toMatchObject({
    reason: "INVALID_REQUEST",
    info: { field },
  });
});
