import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { type ApiKey, ApiKeys } from "../../src/server/api-keys.ts";

const noon = Date.UTC(2030, 0, 1, 12);

function key(id: string, facts: Partial<ApiKey> = {}): ApiKey {
  const sha256 = hash("sha256", `lh_${id}`, "hex");
  return { id, sha256, tenant: "", models: undefined, expireTimeMs: undefined, suspended: false, ...facts };
}

test("knows callers by their secret", () => {
  const keys = new ApiKeys([key("ci", { tenant: "acme", models: ["openai/*"] }), key("app")], () => noon);
  expect(keys.identify("lh_ci")).toEqual({ keyId: "ci", tenantId: "acme", models: ["openai/*"] });
  expect(keys.identify("lh_app")).toEqual({ keyId: "app", tenantId: "", models: undefined });
});

test.each(["", "lh_", "lh_cI", "lh_ci ", "lh_ci".repeat(1000), hash("sha256", "lh_ci", "hex")])(
  "does not know %j",
  (secret) => {
    const keys = new ApiKeys([key("ci")], () => noon);
    expect(() => keys.identify(secret)).toThrow(expect.objectContaining({ reason: "API_KEY_INVALID" }));
  },
);

test("compares the whole digest, not only the part that finds it", () => {
  const { sha256 = "" } = key("ci");
  const twin = sha256.slice(0, 63) + (sha256.endsWith("0") ? "1" : "0");
  const keys = new ApiKeys([key("ci", { sha256: twin })], () => noon);
  expect(() => keys.identify("lh_ci")).toThrow(expect.objectContaining({ reason: "API_KEY_INVALID" }));
});

test("lets a key live a minute longer than it says", () => {
  let now = noon + 59_999;
  const keys = new ApiKeys([key("ci", { expireTimeMs: noon })], () => now);
  expect(keys.identify("lh_ci").keyId).toBe("ci");
  now += 1;
  expect(() => keys.identify("lh_ci")).toThrow(
    expect.objectContaining({ reason: "API_KEY_EXPIRED", info: { expireTime: "2030-01-01T12:00:00.000Z" } }),
  );
});

test("a connection that has shown a good secret is believed nothing else", () => {
  let now = noon;
  const keys = new ApiKeys([key("ci", { expireTimeMs: noon }), key("app")], () => now);
  const connection = {};
  const identify = (secret: string) => keys.identify(secret, connection).keyId;
  expect([identify("lh_ci"), identify("lh_ci"), identify("lh_app"), identify("lh_ci")]).toEqual([
    "ci",
    "ci",
    "app",
    "ci",
  ]);
  for (const secret of ["lh_cj", "Lh_ci", "lh_c", "lh_ci ", ""]) {
    expect(() => identify(secret)).toThrow(expect.objectContaining({ reason: "API_KEY_INVALID" }));
  }
  expect(() => new ApiKeys([key("app")], () => now).identify("lh_ci", connection)).toThrow("not known");
  now += 60_000;
  expect(() => identify("lh_ci")).toThrow(expect.objectContaining({ reason: "API_KEY_EXPIRED" }));
});

test("refuses a suspended key and says which", () => {
  const keys = new ApiKeys([key("ci", { suspended: true })], () => noon);
  expect(() => keys.identify("lh_ci")).toThrow(
    expect.objectContaining({ reason: "API_KEY_SUSPENDED", info: { subject: "apiKeys/ci" } }),
  );
});

test("refuses digests that are none, and the same digest twice", () => {
  expect(() => new ApiKeys([key("ci", { sha256: "abc" })], () => noon)).toThrow(/ci/);
  expect(() => new ApiKeys([key("a"), key("b", { sha256: key("a").sha256 })], () => noon)).toThrow(/a and b/);
});

test("knows callers by the names in their certificates", () => {
  const cart = "spiffe://cluster.local/ns/shop/sa/cart";
  const keys = new ApiKeys(
    [
      key("ci", { identities: [cart, "ci.test"] }),
      key("app", { sha256: undefined, identities: ["app.test"] }),
      key("held", { identities: ["held.test"], suspended: true }),
      key("old", { identities: ["old.test"], expireTimeMs: noon - 60_000 }),
    ],
    () => noon,
  );
  const refused = (reason: string, info: object) => expect.objectContaining({ reason, info });
  expect(keys.recognize([cart])).toBe(keys.identify("lh_ci"));
  expect(keys.recognize(["other.test", "ci.test", cart]).keyId).toBe("ci");
  expect(keys.recognize(["app.test"]).keyId).toBe("app");
  expect(() => keys.identify("lh_app")).toThrow("not known");
  for (const names of [[`${cart}t`], [cart.toUpperCase()], ["test"], [cart, "app.test"]])
    expect(() => keys.recognize(names)).toThrow(refused("IDENTITY_UNKNOWN", { identity: names.join(" ") }));
  expect(() => keys.recognize(["x".repeat(5000)])).toThrow(refused("IDENTITY_UNKNOWN", { identity: "x".repeat(200) }));
  expect(() => keys.recognize(["held.test"])).toThrow(refused("API_KEY_SUSPENDED", { subject: "apiKeys/held" }));
  expect(() => keys.recognize(["old.test"])).toThrow(expect.objectContaining({ reason: "API_KEY_EXPIRED" }));
});
