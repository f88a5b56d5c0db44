import { expect, test } from "vitest";
import type { Span, SpanValues } from "../../src/model/trace.ts";
import { tellServer } from "../../src/upstream/trace.ts";

function toldOf(url: string): SpanValues {
  const told: Record<string, unknown> = {};
  const set: Span["set"] = (values) => void Object.assign(told, values);
  tellServer({ set }, new URL(url));
  return told as SpanValues;
}

test("whom a request goes to is told as OpenTelemetry writes it: with a port always, and IPv6 without brackets", () => {
  expect(toldOf("https://api.openai.com/v1")).toEqual({ "server.address": "api.openai.com", "server.port": 443 });
  expect(toldOf("http://localhost")).toEqual({ "server.address": "localhost", "server.port": 80 });
  expect(toldOf("http://[::1]:8080")).toEqual({ "server.address": "::1", "server.port": 8080 });
});
