import fc from "fast-check";
import { expect, test } from "vitest";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { isWithin, mismatchOf } from "../../src/dispatch/target-filter.ts";
import type { TargetFilter } from "../../src/model/policy.ts";
import type { Target } from "../../src/model/target.ts";
import { candidatesOf } from "./candidates.ts";

const everything: TargetFilter = {
  regions: [],
  tags: [],
  features: [],
  inputNanosMax: undefined,
  outputNanosMax: undefined,
  capable: false,
};

function targetWith(rest: Partial<Target> = {}): Target {
  const [candidate] = candidatesOf({ p: 1 });
  if (candidate === undefined) throw new Error("no candidate");
  return { ...candidate.target, ...rest };
}

const priced = (input: bigint, output: bigint, more: { meter: string; nanosPerMillion: bigint }[] = []) => ({
  ...unknownModel,
  priceList: {
    name: "test",
    prices: [
      { meter: "input", nanosPerMillion: input, fromInputTokens: 0 },
      { meter: "output", nanosPerMillion: output, fromInputTokens: 0 },
      ...more.map((price) => ({ ...price, fromInputTokens: 200_000 })),
    ],
  },
});

test("an empty filter lets everything through, and what is not known meets no other", () => {
  const unknown = targetWith();
  expect(mismatchOf(unknown, everything)).toBeUndefined();
  expect(mismatchOf(unknown, { ...everything, regions: ["eu"] })).toBe("is in no region that is known");
  expect(mismatchOf(unknown, { ...everything, tags: ["x"] })).toBe("lacks the tag x");
  expect(mismatchOf(unknown, { ...everything, features: ["tools"] })).toBe("is not known to have tools");
  expect(mismatchOf(unknown, { ...everything, inputNanosMax: 1n })).toBe("has no known price of input");
  expect(mismatchOf(unknown, { ...everything, outputNanosMax: 1n })).toBe("has no known price of output");
});

test.each([
  ["eu", "eu", true],
  ["eu-central-1", "eu", true],
  ["eu-central-1", "eu-central", true],
  ["eu-central-1", "eu-central-1", true],
  ["europe-west4", "eu", false],
  ["us-east-1", "eu", false],
  ["eu", "eu-central-1", false],
  ["global", "eu", false],
])("%s is in %s: %s", (region, wanted, within) => {
  expect(isWithin(region, ["ap", wanted])).toBe(within);
});

test("no region that is not known is anywhere, and a beginning counts only up to a dash", () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(isWithin(undefined, [one])).toBe(false);
      expect(isWithin(`${one}-${other}`, [one])).toBe(true);
      expect(isWithin(`${one}${other}`, [one])).toBe(false);
    }),
  );
});

test("tags of the provider and of the model count together", () => {
  const target = targetWith();
  const tagged = {
    ...target,
    provider: { ...target.provider, tags: ["cheap"] },
    facts: { ...unknownModel, tags: new Set(["internal"]) },
  };
  expect(mismatchOf(tagged, { ...everything, tags: ["cheap", "internal"] })).toBeUndefined();
  expect(mismatchOf(tagged, { ...everything, tags: ["cheap", "fast"] })).toBe("lacks the tag fast");
});

test("base prices are bounded, each by its own bound", () => {
  const dearer = [{ meter: "input", nanosPerMillion: 900n }];
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(100), (input, output, inputMax, outputMax) => {
      const facts = priced(BigInt(input), BigInt(output), dearer);
      const filter = { ...everything, inputNanosMax: BigInt(inputMax), outputNanosMax: BigInt(outputMax) };
      expect(mismatchOf(targetWith({ facts }), filter) === undefined).toBe(input <= inputMax && output <= outputMax);
    }),
  );
});
