import { expect, test } from "vitest";
import { type Handler, type Post, Turnstile } from "../../src/upstream/carrier.ts";

const request: Post = { path: "/", body: "{}", headers: undefined, fresh: false };

/** Gives its place back with the end, as an exchange does. */
function caller(turnstile: () => Turnstile): Handler & { errors: unknown[] } {
  const errors: unknown[] = [];
  return {
    errors,
    onRequestStart: () => undefined,
    onResponseStart: () => undefined,
    onResponseData: () => undefined,
    onResponseEnd: () => undefined,
    onResponseError: (_controller, error) => {
      errors.push(error);
      turnstile().release();
    },
  };
}

test("a request that cannot be sent hears of it itself, and gives its place back", () => {
  const sent: Handler[] = [];
  const turnstile: Turnstile = new Turnstile(1, (_request, handler) => {
    if (handler === bad) throw new TypeError("no such address");
    sent.push(handler);
  });
  const [first, bad, last] = [caller(() => turnstile), caller(() => turnstile), caller(() => turnstile)];
  for (const each of [first, bad, last]) turnstile.post(request, each);
  expect(sent).toEqual([first]);
  turnstile.release();
  expect(bad.errors).toMatchObject([{ reason: "INTERNAL" }]);
  expect([sent, first.errors, last.errors]).toEqual([[first, last], [], []]);
});
