import fc from "fast-check";
import { expect, test } from "vitest";
import { callsThrough, nextCredential, withCredential } from "../../src/dispatch/credential-pick.ts";
import type { Candidate } from "../../src/dispatch/route.ts";
import { Turns } from "../../src/dispatch/view.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Target } from "../../src/model/target.ts";
import { candidatesOf } from "./candidates.ts";

/** A candidate whose provider has credentials of these names. */
function withCredentials(...names: string[]): Candidate {
  const [candidate] = candidatesOf({ p: 1 });
  if (candidate === undefined) throw new Error("no candidate");
  const { target } = candidate;
  const twins = names.map((credential) => ({ ...target, provider: { ...target.provider, credential } }));
  return { ...candidate, target: twins[0] ?? target, twins };
}

const nameOf = (target: Target | undefined) => target?.provider.credential;
const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 8 });

function picking(waits: Readonly<Record<string, number>> = {}, turns = new Turns()) {
  const skipped: string[] = [];
  const availability = { waitMs: (target: Target) => waits[nameOf(target) ?? ""] ?? 0, obstruction: () => undefined };
  return {
    skipped,
    availability,
    pick: (candidate: Candidate, sticky = "") =>
      withCredential(candidate, {
        availability,
        turns,
        sticky,
        skipped: (target) => skipped.push(nameOf(target) ?? ""),
      }),
  };
}

test("credentials take turns: in any run of as many calls each has one", () => {
  fc.assert(
    fc.property(names, fc.nat(20), (all, before) => {
      const { pick } = picking();
      const candidate = withCredentials(...all);
      for (let i = 0; i < before; i++) pick(candidate);
      const round = all.map(() => nameOf(pick(candidate).target));
      expect(new Set(round)).toEqual(new Set(all));
    }),
  );
});

test("every credential is tried before the call gives up, none twice", () => {
  fc.assert(
    fc.property(names, fc.string(), (all, sticky) => {
      const { pick, availability } = picking();
      const refused = new GatewayError("PROVIDER_CREDENTIAL_INVALID", "");
      const tried: (string | undefined)[] = [];
      for (
        let candidate: Candidate | undefined = pick(withCredentials(...all), sticky);
        candidate !== undefined;
        candidate = nextCredential(candidate, refused, availability)
      ) {
        tried.push(nameOf(candidate.target));
      }
      expect(tried.toSorted()).toEqual(all.toSorted());
    }),
  );
});

test("a sticky call keeps its credential, and moves only when that one is out", () => {
  fc.assert(
    fc.property(names, fc.string({ minLength: 1 }), (all, sticky) => {
      const candidate = withCredentials(...all);
      const first = nameOf(picking().pick(candidate, sticky).target) ?? "";
      expect(nameOf(picking().pick(candidate, sticky).target)).toBe(first);
      const other = all.find((name) => name !== first) ?? "";
      expect(nameOf(picking({ [other]: 100 }).pick(candidate, sticky).target)).toBe(first);
      expect(nameOf(picking({ [first]: 100 }).pick(candidate, sticky).target)).not.toBe(first);
    }),
  );
});

test("keys are spread over credentials evenly", () => {
  const candidate = withCredentials("a", "b", "c");
  const counts: Record<string, number> = {};
  for (let key = 0; key < 3000; key++) {
    const name = nameOf(picking().pick(candidate, `key-${key}`).target) ?? "";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  for (const name of ["a", "b", "c"]) expect(Math.abs((counts[name] ?? 0) - 1000)).toBeLessThan(120);
});

test("those that are out are passed over; when all are, the one that is back first is asked why", () => {
  const some = picking({ a: 50, c: 10 });
  expect(nameOf(some.pick(withCredentials("a", "b", "c")).target)).toBe("b");
  expect(some.skipped).toEqual(["a", "c"]);
  const all = picking({ a: 50, b: 70, c: 10 });
  expect(nameOf(all.pick(withCredentials("a", "b", "c")).target)).toBe("c");
  expect(all.skipped).toEqual(["a", "b"]);
});

test("only what speaks against a credential leads to the next one", () => {
  const { pick, availability } = picking();
  const after = (...error: ConstructorParameters<typeof GatewayError>) =>
    nameOf(nextCredential(pick(withCredentials("a", "b")), new GatewayError(...error), availability)?.target);
  expect(after("PROVIDER_CREDENTIAL_INVALID", "")).toBe("b");
  expect(after("PROVIDER_RATE_LIMITED", "")).toBe("a");
  expect(after("PROVIDER_QUOTA_EXHAUSTED", "")).toBe("b");
  expect(after("PROVIDER_OVERLOADED", "")).toBeUndefined();
  expect(after("PROVIDER_UNAVAILABLE", "", { metadata: { cause: "connect" } })).toBeUndefined();
  expect(after("PROVIDER_INVALID_REQUEST", "")).toBeUndefined();
});

test("a credential whose circuit opened while the call waited for its turn leads to the next one", () => {
  const { pick, availability } = picking();
  const after = (cause: string) =>
    nameOf(
      nextCredential(
        pick(withCredentials("a", "b")),
        new GatewayError("NO_HEALTHY_TARGET", "", { metadata: { cause } }),
        availability,
      )?.target,
    );
  expect(after("circuit_credential")).toBe("b");
  expect(after("circuit_model")).toBeUndefined();
});

test("a credential that is out when another fails is still there when it is back", () => {
  const waits: Record<string, number> = { b: 50 };
  const { pick, availability } = picking(waits);
  const limited = new GatewayError("PROVIDER_RATE_LIMITED", "");
  const first = { ...pick(withCredentials("a", "b", "c")), spares: withCredentials("b", "c").twins ?? [] };
  const second = nextCredential(first, limited, availability);
  expect(nameOf(second?.target)).toBe("c");
  waits["b"] = 0;
  expect(second && nameOf(nextCredential(second, limited, availability)?.target)).toBe("b");
});

test("a target without several is left as it is", () => {
  const [candidate] = candidatesOf({ p: 1 });
  if (candidate === undefined) throw new Error("no candidate");
  expect(picking().pick(candidate)).toBe(candidate);
  expect(callsThrough([candidate, withCredentials("a", "b", "c")])).toBe(4);
});
