import { expect, test } from "vitest";
import type { GatewayError } from "../../src/model/error.ts";
import { readBody } from "../../src/surfaces/body.ts";
import { chatBody } from "../../src/surfaces/chat/schema.ts";

function violations(value: unknown): string | undefined {
  try {
    readBody(chatBody, value);
  } catch (error) {
    return (error as GatewayError).info["violations"];
  }
  throw new Error("it was taken");
}

test("all problems of a short body are told, and of a long one the first", () => {
  expect(violations({ messages: [0, 0, 0] })).toBe("3");
  expect(violations({ messages: new Array(100_000).fill(0) })).toBe("1");
});
