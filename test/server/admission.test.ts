import { hash } from "node:crypto";
import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { Admission, type AdmissionOptions, type Door } from "../../src/server/admission.ts";
import { ApiKeys } from "../../src/server/api-keys.ts";

const path = "/llmhub.v1.CompletionService/Complete";
const healthPath = "/grpc.health.v1.Health/Check";
const secret = "lh_secret";
const keys = new ApiKeys(
  [
    {
      id: "ci",
      sha256: hash("sha256", secret, "hex"),
      tenant: "acme",
      models: undefined,
      expireTimeMs: undefined,
      suspended: false,
    },
  ],
  Date.now,
);

function admission(facts: Partial<AdmissionOptions> = {}): Admission {
  return new Admission({
    keys: () => keys,
    adminWithoutKey: () => false,
    deadlineMaxMs: 600_000,
    draining: () => false,
    now: () => 1000,
    ...facts,
  });
}

test.each([
  [{}, "CREDENTIALS_MISSING"],
  [{ authorization: "" }, "API_KEY_INVALID"],
  [{ authorization: secret }, "API_KEY_INVALID"],
  [{ authorization: `Basic ${secret}` }, "API_KEY_INVALID"],
  [{ authorization: `Bearer ${secret}, Bearer ${secret}` }, "API_KEY_INVALID"],
  [{ authorization: "Bearer lh_other" }, "API_KEY_INVALID"],
  [{ "x-api-key": "" }, "API_KEY_INVALID"],
  [{ "x-api-key": "lh_other", authorization: `Bearer ${secret}` }, "API_KEY_INVALID"],
  [{ "x-api-key": [secret, secret] }, "API_KEY_INVALID"],
  [{ "x-api-key": secret, "grpc-timeout": "0S" }, "DEADLINE_EXCEEDED"],
  [{ "x-api-key": secret, "grpc-timeout": "soon" }, "INVALID_REQUEST"],
])("refuses %j with %s", (headers, reason) => {
  const gate = admission();
  expect(() => gate.admit(headers, path)).toThrow(expect.objectContaining({ reason }));
  expect(gate.inFlight).toBe(0);
});

test.each([
  { authorization: `Bearer ${secret}` },
  { authorization: `bearer  ${secret}` },
  { "x-api-key": secret },
  { authorization: `Bearer ${secret}`, "x-api-key": secret },
])("admits %j", (headers) => {
  const scope = admission().admit(headers, path);
  expect(scope.rpc.caller).toEqual({ keyId: "ci", tenantId: "acme", models: undefined });
  scope.finish();
});

test("asks for no key where there is none to ask for", () => {
  const scopes = [admission({ keys: () => undefined }).admit({}, path), admission().admit({}, healthPath)];
  for (const { rpc } of scopes) expect(rpc.caller).toEqual({ keyId: "", tenantId: "", models: undefined });
  for (const scope of scopes) scope.finish();
});

test("while draining refuses calls, but not probes", () => {
  const gate = admission({ draining: () => true });
  expect(() => gate.admit({ "x-api-key": secret }, path)).toThrow(
    expect.objectContaining({ reason: "GATEWAY_DRAINING" }),
  );
  gate.admit({}, healthPath).finish();
});

test.each([
  [{}, 601_000],
  [{ "grpc-timeout": "10S" }, 10_950],
  [{ "grpc-timeout": "100m" }, 1080],
  [{ "grpc-timeout": "99999999H" }, 600_950],
])("%j has the deadline %d", (headers, deadlineMs) => {
  const scope = admission({ keys: () => undefined }).admit(headers, path);
  expect(scope.rpc).toMatchObject({ method: path.slice(1), startMs: 1000, deadlineMs });
  scope.finish();
});

test.each(["a", "A.b_c-9", "x".repeat(128)])("keeps the request id %s", (id) => {
  const scope = admission({ keys: () => undefined }).admit({ "x-request-id": id }, path);
  expect(scope.rpc.requestId).toBe(id);
  scope.finish();
  expect(() => admission().admit({ "x-request-id": id }, path)).toThrow(
    expect.toSatisfy((error: GatewayError) => error.metadata.get("x-request-id") === id),
  );
});

test.each([undefined, "", "a b", "x".repeat(129), "ä", "a\n"])("makes a request id instead of %j", (id) => {
  const headers = id === undefined ? {} : { "x-request-id": id };
  const scope = admission({ keys: () => undefined }).admit(headers, path);
  expect(scope.rpc.requestId).toMatch(/^[0-9a-f-]{36}$/);
  scope.finish();
});

test("the signal fires at the deadline", async () => {
  const gate = admission({ keys: () => undefined });
  const { signal } = gate.admit({ "grpc-timeout": "2m" }, path).rpc;
  await once(signal, "abort");
  expect(signal.reason).toMatchObject({ reason: "DEADLINE_EXCEEDED", info: { deadlineMs: "2" } });
  expect(gate.inFlight).toBe(0);
});

test("a deadline that is far is kept to the millisecond, without a timer until it is near", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const gate = admission({ keys: () => undefined, now: () => performance.now() });
  const scopes = ["2001m", "5S", "60S"].map((timeout) => gate.admit({ "grpc-timeout": timeout }, path));
  expect(vi.getTimerCount()).toBe(2);
  for (const ms of [1951, 4950]) {
    vi.advanceTimersByTime(ms - 1 - performance.now());
    const before = gate.inFlight;
    vi.advanceTimersByTime(1);
    expect(before - gate.inFlight).toBe(1);
  }
  expect(scopes.map(({ rpc }) => rpc.signal.aborted)).toEqual([true, true, false]);
  scopes[2]?.finish();
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});

test("a deadline that passed while the process was stopped ends its call at the next look", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let stoppedMs = 0;
  const gate = admission({ keys: () => undefined, now: () => performance.now() + stoppedMs });
  const { signal } = gate.admit({ "grpc-timeout": "5S" }, path).rpc;
  stoppedMs = 5000;
  vi.advanceTimersToNextTimer();
  expect(signal.reason).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("a call ends once, and a finished one silently", () => {
  const gate = admission({ keys: () => undefined });
  const [done, cut, other] = [gate.admit({}, path), gate.admit({}, path), gate.admit({}, path)];
  done.finish();
  expect(gate.inFlight).toBe(2);
  const draining = new GatewayError("GATEWAY_DRAINING", "the gateway stops");
  other.abort(new GatewayError("CANCELLED", "the caller left"));
  gate.abortAll(draining);
  expect(gate.inFlight).toBe(0);
  expect(done.rpc.signal.aborted).toBe(false);
  expect(cut.rpc.signal.reason).toBe(draining);
  expect(other.rpc.signal.reason).toMatchObject({ reason: "CANCELLED" });
});

const adminPath = "/llmhub.admin.v1.SystemService/FlushCache";

test("calls of operators are for keys that say so", () => {
  const key = { id: "ops", tenant: "", models: undefined, expireTimeMs: undefined, suspended: false };
  const operators = new ApiKeys([{ ...key, sha256: hash("sha256", "lh_ops", "hex"), scopes: ["admin"] }], Date.now);
  const headers = { "x-api-key": "lh_ops" };
  const gate = admission({ keys: () => operators });
  const scope = gate.admit(headers, adminPath);
  expect(scope.rpc.caller).toMatchObject({ keyId: "ops", scopes: ["admin"] });
  scope.finish();
  expect(() => admission().admit({ "x-api-key": secret }, adminPath)).toThrow(
    expect.objectContaining({
      reason: "PERMISSION_DENIED",
      info: expect.objectContaining({ scope: "admin", subject: "apiKeys/ci" }),
    }),
  );
  expect(() => gate.admit({}, adminPath)).toThrow(expect.objectContaining({ reason: "CREDENTIALS_MISSING" }));
  expect(gate.inFlight).toBe(0);
});

test("without authentication nobody makes them, unless the operator lets everyone", () => {
  const keys = () => undefined;
  expect(() => admission({ keys }).admit({}, adminPath)).toThrow(
    expect.objectContaining({
      reason: "PERMISSION_DENIED",
      rawMessage: expect.stringContaining("auth.adminWithoutKey"),
    }),
  );
  const open = admission({ keys, adminWithoutKey: () => true });
  open.admit({}, adminPath).finish();
  // With keys it opens nothing.
  expect(() => admission({ adminWithoutKey: () => true }).admit({ "x-api-key": secret }, adminPath)).toThrow();
});

test("the door is asked for every call but those of probes and operators, and told of each end once", () => {
  const told: string[] = [];
  const door: Door = {
    enter: ({ keyId }, startMs, deadlineMs) => {
      told.push(`enter ${keyId} ${startMs} ${deadlineMs}`);
      return undefined;
    },
    leave: ({ keyId }, _, reason) => void told.push(`leave ${keyId} ${reason?.reason}`),
    whenCritical: () => undefined,
  };
  const gate = admission({ door });
  gate.admit({}, healthPath).finish();
  const headers = { "x-api-key": secret };
  const [done, cut] = [gate.admit(headers, path), gate.admit(headers, path)];
  done.finish();
  done.finish();
  cut.abort(new GatewayError("GATEWAY_DRAINING", "stop"));
  expect(told).toEqual([
    "enter ci 1000 601000",
    "enter ci 1000 601000",
    "leave ci undefined",
    "leave ci GATEWAY_DRAINING",
  ]);
});

test("a call that the door refuses is none, and its error, which others get too, is left as it is", () => {
  const shared = new GatewayError("GATEWAY_OVERLOADED", "full", { shared: true });
  const door: Door = {
    enter: () => {
      throw shared;
    },
    leave: () => undefined,
    whenCritical: () => undefined,
  };
  const gate = admission({ door });
  expect(() => gate.admit({ "x-api-key": secret }, path)).toThrow(shared);
  expect(gate.inFlight).toBe(0);
  expect(shared.metadata.has("x-request-id")).toBe(false);
});

test("when memory is critical, one in twenty calls is ended, those that hold the most first", () => {
  let relieve: (reason: GatewayError) => number = () => 0;
  const door: Door = {
    enter: () => undefined,
    leave: () => undefined,
    whenCritical: (own) => {
      relieve = own;
    },
  };
  const gate = admission({ keys: () => undefined, door });
  const line = (bytes: number) => ({ peerAddress: () => "", answerHeader: () => undefined, heldBytes: () => bytes });
  const probe = gate.admit({}, healthPath, line(1e9));
  const scopes = Array.from({ length: 21 }, (_, i) => gate.admit({}, path, line((i * 8) % 21)));
  expect(relieve(new GatewayError("GATEWAY_OVERLOADED", "memory"))).toBe(2);
  const ended = scopes.filter(({ rpc }) => rpc.signal.aborted).map(({ line }) => line.heldBytes());
  expect(ended.length).toBe(2);
  for (const bytes of ended) expect(bytes).toBeGreaterThanOrEqual(19);
  expect(probe.rpc.signal.aborted).toBe(false);
  for (const scope of [probe, ...scopes]) scope.finish();
});
