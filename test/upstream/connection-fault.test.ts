import { errors } from "undici";
import { expect, test } from "vitest";
import { connectionCause, connectionFaultOf } from "../../src/upstream/connection-fault.ts";

const coded = (code: string) => Object.assign(new Error("canary"), { code });

test.each([
  ["ECONNREFUSED", "connect"],
  ["EHOSTUNREACH", "connect"],
  ["ENETUNREACH", "connect"],
  ["ETIMEDOUT", "connect_timeout"],
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["CERT_HAS_EXPIRED", "tls"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "tls"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "tls"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
  ["EPROTO", "tls"],
  ["ECONNRESET", "reset"],
  ["EPIPE", "reset"],
  ["HPE_INVALID_CONSTANT", "garbage"],
  ["SOMETHING_NEW", "reset"],
])("%s is %s", (code, cause) => {
  expect(connectionCause(coded(code))).toBe(cause);
});

test("undici's own errors are known", () => {
  expect(connectionCause(new errors.ConnectTimeoutError())).toBe("connect_timeout");
  expect(connectionCause(new errors.SocketError("other side closed"))).toBe("reset");
  expect(connectionCause(new errors.HeadersOverflowError())).toBe("garbage");
  expect(connectionCause(new errors.HTTPParserError("Invalid character"))).toBe("garbage");
});

test("a host with several addresses is known by the failure of the first", () => {
  const error = new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")], "");
  expect(connectionCause(error)).toBe("connect");
});

test("the fault names the provider and the code, not the message", () => {
  const fault = connectionFaultOf(coded("ECONNRESET"), "up", "m-1");
  expect(fault.rawMessage).toBe("no answer from provider up (reset ECONNRESET)");
  expect(fault.info).toEqual({ cause: "reset", provider: "up", model: "m-1" });
  expect(connectionFaultOf(new Error("canary"), "up", "").rawMessage).toBe("no answer from provider up (reset)");
  expect(connectionFaultOf(new errors.HTTPParserError("canary"), "up", "").reason).toBe("PROVIDER_BAD_RESPONSE");
});

test.each(["EMFILE", "ENFILE"])("%s is the gateway's own want", (code) => {
  const fault = connectionFaultOf(coded(code), "up", "m-1");
  expect(fault.reason).toBe("GATEWAY_OVERLOADED");
  expect(fault.info).toEqual({ cause: "descriptors", provider: "up", model: "m-1" });
});
