import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CompleteRequest, Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { ToolMode } from "../../gen/llmhub/v1/tool_pb.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Protocol, Rendered } from "../../src/model/protocol.ts";
import type { Ask } from "../../src/simulator/ask.ts";
import type { Asking } from "../../src/simulator/dialect.ts";
import { dialectFor } from "../../src/simulator/dialects.ts";
import { attemptAt } from "../support/attempt.ts";
import { protocols, requestOf, type Spoken } from "../support/every-dialect.ts";
import { type Conversation, conversations, settingsAlone } from "./conversation.ts";
import type { Mark } from "./marks.ts";

/** Kinds whose requests go to a program, which nobody plays but its own tests. */
const programs = new Set(["claude-cli"]);

interface Sent {
  readonly body: string;
  readonly rendered: Rendered;
}

/** The request as it goes out; undefined where the dialect refuses it with a word on what and where. */
function sent({ dialect, ...at }: Spoken<Protocol>, request: CompleteRequest, stream: boolean): Sent | undefined {
  try {
    const rendered = dialect.render(attemptAt(at, request, stream));
    return { rendered, body: JSON.stringify(rendered.body) };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error.reason).toBe("CAPABILITY_UNSUPPORTED");
    expect(error.info["field"]).toMatch(
      /^(messages\[|tools|tool_choice|response_format|reasoning|stop_sequences|top_logprobs)/,
    );
    return undefined;
  }
}

/** Without positions: losses that differ only in these are one warning. */
function plain(field: string): string {
  return field.replace(/\[\d+\]/g, "[]");
}

/** Whether a warning is about a place, about what it is in, or about something in it. */
function tells({ code, field: told }: Warning, { field }: Mark): boolean {
  // Of a message whose parts are all dropped nothing is left to bear a name.
  const place = code === "PART_DROPPED" ? field.replace(/\.name$/, "") : field;
  return plain(place).startsWith(plain(told)) || plain(told).startsWith(plain(place));
}

/** Everything is said, or a warning names what is not. */
function checkMarks({ body, rendered }: Sent, marks: readonly Mark[]): void {
  const headers = JSON.stringify(rendered.headers ?? {});
  const lost = marks.filter(
    (mark) =>
      !mark.written.some((written) => body.includes(written) || headers.includes(written)) &&
      !rendered.warnings.some((warning) => tells(warning, mark)),
  );
  expect({ lost: lost.map(({ field, written }) => ({ field, written })), warnings: rendered.warnings }).toEqual({
    lost: [],
    warnings: rendered.warnings,
  });
}

/** The request as a server of the dialect understands it. */
function understood({ rendered, body }: Sent): Ask {
  const [path = "", query = ""] = `/v1${rendered.path}`.split(/(?=\?)/);
  const header = (name: string) => rendered.headers?.[name] ?? "";
  const decoded = decodeURIComponent(path);
  const dialect = dialectFor("POST", decoded, header);
  const operation = dialect.operation("POST", decoded);
  expect({ path: decoded, operation }).toEqual({ path: decoded, operation: "generate" });
  const asking: Asking = {
    operation: "generate",
    method: "POST",
    path: decoded,
    rawPath: path,
    query,
    header,
    raw: Buffer.from(body),
  };
  return dialect.read(JSON.parse(body), asking);
}

function checkMeaning(ask: Ask, request: CompleteRequest, stream: boolean, warnings: readonly Warning[]): void {
  const warns = (...fields: readonly string[]) =>
    warnings.some((warning) => fields.some((field) => plain(warning.field).startsWith(field)));
  const last = request.messages.at(-1);
  expect(ask.stream).toBe(stream);
  if (last?.role === Role.USER) {
    expect(ask.prompt).toContain(last.content[0]?.part.value);
    // Results before it may stand in one message with it.
    if (!request.messages.some(({ role }) => role === Role.TOOL)) expect(ask.toolResults).toEqual([]);
  } else if (!warns("messages[].content[].tool_result", "messages[].content[]")) {
    expect(ask.toolResults.map(({ text }) => text).join("\n")).toContain(resultTexts(request).join("\n"));
  }
  if (!warns("tools", "tool_choice") && !usesTool(request)) {
    expect([toolsOf(request), ...narrowed(request)]).toContainEqual({
      names: ask.tools.map(({ name }) => name),
      choice: ask.toolChoice,
    });
  }
  if (!warns("response_format") && usesTool(request) && !warns("tools", "tool_choice")) {
    expect([ask.format.kind, ask.toolChoice.kind]).toContainEqual(expect.stringMatching(/^(json|named|required)$/));
  }
  if (!warns("stop_sequences")) expect(ask.stops).toEqual(request.stopSequences);
  if (!warns("max_output_tokens") && request.maxOutputTokens !== undefined && request.reasoning === undefined) {
    expect(ask.outputTokensMax).toBe(request.maxOutputTokens);
  }
}

function resultTexts({ messages }: CompleteRequest): string[] {
  const results = messages
    .at(-1)
    ?.content.flatMap(({ part }) => (part.case === "toolResult" ? part.value.content : []));
  return (results ?? []).flatMap(({ part }) => (part.case === "text" ? [part.value] : []));
}

/** Tools and the choice among them, as an Ask has them. */
interface Tools {
  readonly names: readonly string[];
  readonly choice: Ask["toolChoice"];
}

function toolsOf({ tools, toolChoice }: CompleteRequest): Tools {
  const names = tools.flatMap(({ kind }) => (kind.case === "function" ? [kind.value.name] : []));
  const { choice } = toolChoice ?? {};
  if (choice?.case === "toolName") return { names, choice: { kind: "named", name: choice.value } };
  if (choice?.value === ToolMode.REQUIRED) return { names, choice: { kind: "required" } };
  return { names, choice: { kind: choice?.value === ToolMode.NONE ? "none" : "auto" } };
}

/** Other ways to say the same: a named tool is the only one and required, forbidden tools are left out. */
function narrowed(request: CompleteRequest): Tools[] {
  const { choice } = toolsOf(request);
  if (choice.kind === "named") return [{ names: [choice.name], choice: { kind: "required" } }];
  return choice.kind === "none" ? [{ names: [], choice: { kind: "auto" } }] : [];
}

/** The form of the answer may be asked for by a tool of its own. */
function usesTool({ responseFormat }: CompleteRequest): boolean {
  return responseFormat?.format.case === "jsonSchema" || responseFormat?.format.case === "jsonObject";
}

function check(spoken: Spoken<Protocol>, { request, marks }: Conversation, stream: boolean): void {
  const wanted = requestOf(request);
  const out = sent(spoken, wanted, stream);
  if (out === undefined) return;
  checkMarks(out, marks);
  if (!programs.has(spoken.kind)) checkMeaning(understood(out), wanted, stream, out.rendered.warnings);
}

describe.each(protocols)("$kind: $dialect.name", (spoken) => {
  test("a conversation arrives whole, or a warning names what is lost", () => {
    fc.assert(
      fc.property(conversations, fc.boolean(), (conversation, stream) => check(spoken, conversation, stream)),
      { numRuns: 200 },
    );
  });

  test("settings arrive, or a warning names them", () => {
    fc.assert(
      fc.property(settingsAlone, fc.boolean(), (conversation, stream) => check(spoken, conversation, stream)),
      { numRuns: 200 },
    );
  });
});
