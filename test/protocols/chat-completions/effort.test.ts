import { expect, it } from "vitest";
import { fitEffort } from "../../../src/protocols/chat-completions/effort.ts";
import { LossReport } from "../../../src/protocols/chat-completions/loss-report.ts";
import { attemptOf } from "./recording.ts";

it.each([
  ["low", ["low", "high"], "low", []],
  ["medium", ["low", "high"], "high", ["SETTING_CHANGED"]],
  ["minimal", ["none", "high"], "high", ["SETTING_CHANGED"]],
  ["max", ["low", "high"], "high", ["SETTING_CHANGED"]],
  ["none", ["none", "high"], "none", []],
  ["none", ["low", "high"], "", ["SETTING_IGNORED"]],
  ["high", ["none", "default"], "", ["SETTING_IGNORED"]],
  ["high", [], "", ["SETTING_IGNORED"]],
  ["turbo", ["low", "high"], "turbo", []],
  ["", ["low"], "", []],
])("%s among %j is %s", (effort, known, fit, codes) => {
  const attempt = attemptOf({ model: "openai/x", input: "hi", reasoning: { effort, hideText: true } }, false);
  const losses = new LossReport(attempt, true);
  const { reasoning } = fitEffort(attempt.call.request, known, losses);
  expect([reasoning?.effort, reasoning?.hideText]).toEqual([fit, true]);
  expect(losses.warnings.map(({ code }) => code)).toEqual(codes);
});
