import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../../src/model/error.ts";
import { parseBody } from "../../../src/server/http/json-text.ts";

test("every JSON text gives what JSON.parse gives", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (value, spaced) => {
      const text = JSON.stringify(value, undefined, spaced ? 2 : undefined);
      expect(parseBody(text).value).toEqual(JSON.parse(text));
      expect(JSON.stringify(parseBody(text).exact())).toEqual(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("a key that stands twice in one object is refused, wherever and however it is written", () => {
  const key = fc.string({ minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(key, fc.jsonValue(), fc.jsonValue(), fc.boolean(), (name, one, other, escaped) => {
      const again = escaped ? `"${[...name].map(escapeOf).join("")}"` : JSON.stringify(name);
      const text = `[{"x":{${JSON.stringify(name)}:${JSON.stringify(one)}, ${again} : ${JSON.stringify(other)}}}]`;
      expect(reasonOf(text)).toBe("INVALID_REQUEST");
    }),
  );
});

test("the same key in different objects, and as a value, is no duplicate", () => {
  const text = '{"a":{"a":["a","a"]},"b":[{"a":1},{"a":"\\"a"}]}';
  expect(parseBody(text).value).toEqual(JSON.parse(text));
});

test("numbers that a double cannot hold keep their digits, and their form", () => {
  const text = '{"a":12345678901234567890,"b":1.0,"c":-0,"d":1e3,"e":0.1,"f":true,"g":[1E400]}';
  expect(JSON.stringify(parseBody(text).exact())).toBe(text);
});

test("the body with its numbers as they were is made once, however often it is asked for", () => {
  const { exact } = parseBody('{"temperature":1.0,"messages":[{"content":[{},{}]}]}');
  expect(exact()).toBe(exact());
});

test("what is no JSON is told by its place, without its content", () => {
  const failure = failureOf('{"secret": canary}');
  expect(failure.reason).toBe("INVALID_REQUEST");
  expect(failure.message).not.toContain("canary");
});

test("nesting is bounded", () => {
  expect(reasonOf("[".repeat(128) + "]".repeat(128))).toBeUndefined();
  expect(reasonOf("[".repeat(129) + "]".repeat(129))).toBe("INVALID_REQUEST");
  expect(reasonOf("[".repeat(100_000) + "]".repeat(100_000))).toBe("INVALID_REQUEST");
});

function escapeOf(letter: string): string {
  return [...Array(letter.length).keys()]
    .map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}

function failureOf(text: string): GatewayError {
  try {
    parseBody(text);
  } catch (error) {
    return GatewayError.of(error);
  }
  throw new Error("nothing is wrong with it");
}

function reasonOf(text: string): string | undefined {
  try {
    parseBody(text);
    return undefined;
  } catch (error) {
    return GatewayError.of(error).reason;
  }
}
