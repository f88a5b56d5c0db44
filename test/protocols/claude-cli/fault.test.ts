import { describe, expect, test } from "vitest";
import type { Reason } from "../../../src/model/error.ts";
import { claudeCli } from "../../../src/protocols/claude-cli/protocol.ts";
import { failureOf } from "../../support/dialect.ts";

const ended = (output: string, exitCode: number | null = 1, signal: string | null = null) =>
  claudeCli.fault(failureOf(500, { exitCode, signal, output }));
const result = (result: string, rest: object = {}) =>
  claudeCli.fault(failureOf(500, { type: "result", subtype: "success", is_error: true, result, ...rest }));

/** What Claude Code 2.1 and earlier versions say, and what it means. */
const wordings: readonly (readonly [string, Reason])[] = [
  ["Not logged in · Please run /login", "PROVIDER_CREDENTIAL_INVALID"],
  ["Invalid API key · Fix external API key", "PROVIDER_CREDENTIAL_INVALID"],
  ["Failed to authenticate. API Error: 403 Your account does not have access", "PROVIDER_CREDENTIAL_INVALID"],
  ["OAuth token has expired", "PROVIDER_CREDENTIAL_INVALID"],
  ["This organization has been disabled", "PROVIDER_CREDENTIAL_INVALID"],
  ["Credit balance is too low", "PROVIDER_QUOTA_EXHAUSTED"],
  ["You've hit your weekly limit · resets Mon 12:00am", "PROVIDER_QUOTA_EXHAUSTED"],
  ["5-hour limit reached ∙ resets 2am", "PROVIDER_QUOTA_EXHAUSTED"],
  ["You're out of extra usage · resets 1pm (America/Los_Angeles)", "PROVIDER_QUOTA_EXHAUSTED"],
  ["API Error: Request rejected (429) · This request would exceed your rate limit", "PROVIDER_RATE_LIMITED"],
  ["Server is temporarily limiting requests", "PROVIDER_RATE_LIMITED"],
  ["API Error: 529 Overloaded. This is a server-side issue", "PROVIDER_OVERLOADED"],
  ["Opus is experiencing high load", "PROVIDER_OVERLOADED"],
  ["Prompt is too long", "CONTEXT_LENGTH_EXCEEDED"],
  ["There's an issue with the selected model (claude-9). It may not exist", "PROVIDER_MODEL_NOT_FOUND"],
  ["Request timed out", "PROVIDER_TIMEOUT"],
  ["API Error: 500 Internal server error", "PROVIDER_UNAVAILABLE"],
];

test.each(wordings)("%s", (said, reason) => {
  expect([ended(said).reason, result(said).reason]).toEqual([reason, reason]);
});

describe("beside its words", () => {
  test("the program's own classes count", () => {
    const classes: readonly [object, Reason][] = [
      [{ error: "authentication_failed" }, "PROVIDER_CREDENTIAL_INVALID"],
      [{ error: "billing_error" }, "PROVIDER_QUOTA_EXHAUSTED"],
      [{ error: "overloaded" }, "PROVIDER_OVERLOADED"],
      [{ error: "invalid_request" }, "PROVIDER_INVALID_REQUEST"],
      [{ error: "model_not_found" }, "PROVIDER_MODEL_NOT_FOUND"],
      [{ error: "server_error" }, "PROVIDER_UNAVAILABLE"],
      [{ terminal_reason: "prompt_too_long" }, "CONTEXT_LENGTH_EXCEEDED"],
      [{ errors: ["Invalid API key"] }, "PROVIDER_CREDENTIAL_INVALID"],
    ];
    for (const [rest, reason] of classes) expect(result("", rest).reason).toBe(reason);
  });

  test("a model that is not declared is the caller's matter", () => {
    const body = { type: "result", error: "model_not_found" };
    expect(claudeCli.fault(failureOf(404, body, { modelDeclared: false })).reason).toBe("MODEL_NOT_FOUND");
  });

  test("how a process ended is told, and nothing that it said", () => {
    const unknown = ended("error: unknown option '--nonsense canary'");
    expect(unknown).toMatchObject({
      reason: "PROVIDER_UNAVAILABLE",
      rawMessage: "the provider failed for p/m (exit code 1)",
      info: { exitCode: "1", upstreamCode: "unknown_option" },
    });
    expect(ended("", null, "SIGKILL").rawMessage).toContain("(ended by SIGKILL)");
    expect(ended("bye", 0).reason).toBe("PROVIDER_BAD_RESPONSE");
    expect(JSON.stringify([unknown.info, unknown.rawMessage])).not.toContain("canary");
    expect(claudeCli.fault(failureOf(500, "no JSON")).reason).toBe("PROVIDER_UNAVAILABLE");
  });

  test("limits and times are told", () => {
    const long = "Prompt is too long · the request is ~250000 tokens (limit 200000) but this conversation";
    expect(result(long).info).toMatchObject({ inputTokens: "250000", limitTokens: "200000" });
    expect(ended("Claude AI usage limit reached|1762952400").info["resetTime"]).toBe("2025-11-12T13:00:00.000Z");
    const worded = result("You've hit your session limit · resets 3:45pm (Europe/Berlin)");
    expect(worded.info["resetTime"]).toBe("3:45pm (Europe/Berlin)");
    expect(result("Not logged in · resets 3pm").info["resetTime"]).toBeUndefined();
  });
});
