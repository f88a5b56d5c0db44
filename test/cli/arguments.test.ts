import { expect, test } from "vitest";
import { noWords, readArguments, wholeNumber } from "../../src/cli/arguments.ts";

const options = {
  model: { type: "string", short: "m", value: "MODEL", about: "" },
  port: { type: "string", about: "", default: "1" },
  json: { type: "boolean", about: "" },
} as const;

test.each([
  [[], { model: undefined, port: "1", json: false }, []],
  [["-m", "a", "--json", "x", "y"], { model: "a", port: "1", json: true }, ["x", "y"]],
  [["--model=a=b", "--port", "2", "--", "--json"], { model: "a=b", port: "2", json: false }, ["--json"]],
  [["x", "-"], { model: undefined, port: "1", json: false }, ["x", "-"]],
])("%j", (args, values, words) => {
  expect(readArguments(args, options)).toEqual({ values, words });
});

test.each([
  [["--modle", "x"], "unknown option --modle; did you mean --model?"],
  [["-x"], "unknown option -x"],
  [["--constructor"], "unknown option --constructor"],
  [["--model"], "--model needs a value: --model MODEL"],
  [["--model="], "--model needs a value: --model MODEL"],
  [["--json=1"], "--json takes no value"],
])("%j is refused", (args, message) => {
  expect(() => readArguments(args, options)).toThrow(expect.objectContaining({ exit: "usage", message }));
});

test("numbers have bounds, and words are refused where none belong", () => {
  expect(wholeNumber("--n", "10", 1, 10)).toBe(10);
  for (const text of ["0", "11", "1.5", "-1", "1e1", "", "99999999999"]) {
    expect(() => wholeNumber("--n", text, 1, 10)).toThrow("--n must be a whole number from 1 to 10");
  }
  expect(() => noWords(["x"])).toThrow("unexpected argument: x");
});
