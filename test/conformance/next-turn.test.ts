import { create, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type CompleteRequest, CompleteRequestSchema, type Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage, ChatMessageSchema, type ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";
import { unknownFacts } from "../../src/catalog/facts.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Protocol, Rendered } from "../../src/model/protocol.ts";
import { providerKinds } from "../../src/providers/index.ts";
import { attemptAt } from "../support/attempt.ts";
import { protocols, requestOf, type Spoken } from "../support/every-dialect.ts";
import { Leaves } from "./leaves.ts";
import { providerEntry } from "./provider-entry.ts";
import { type Recording, recordedProviders, recordingsOf } from "./recording.ts";

/** Signatures that only say where the text of the part belongs. */
const fieldNames = new Set(["reasoning_content", "reasoning", "thinking", "tool_plan"]);
/** Fields of reasoning that servers want back where tools are used only. */
const toolFields = new Set(["reasoning_content", "reasoning"]);

interface Turn {
  readonly provider: string;
  readonly recording: Recording;
  readonly answer: ChatMessage;
  /** The conversation after the answer, with results of its calls or a question. */
  readonly request: CompleteRequest;
  /** Path of the answer in the request. */
  readonly path: string;
}

const turns = recordedProviders().flatMap((provider) =>
  recordingsOf(provider).flatMap((recording) => turnAfter(provider, recording)),
);

function turnAfter(provider: string, recording: Recording): Turn[] {
  const message = recording.expected.response?.["message"];
  if (recording.operation !== "complete" || message === undefined) return [];
  const { input, messages, ...rest } = fromJson(CompleteRequestSchema, recording.request);
  const answer = fromJson(ChatMessageSchema, message);
  const asked = input === "" ? messages : [...messages, create(ChatMessageSchema, { role: Role.USER, text: input })];
  const request = requestOf({ ...rest, input: "", messages: [...asked, answer, replyTo(answer)] });
  return [{ provider, recording, answer, request, path: `messages[${asked.length}]` }];
}

function replyTo({ content }: ChatMessage): ChatMessage {
  const results = content.flatMap(({ part }) =>
    part.case === "toolCall" && !part.value.providerExecuted
      ? [{ toolCallId: part.value.id, toolName: part.value.name, content: [{ part: textOf("it went well") }] }]
      : [],
  );
  return create(
    ChatMessageSchema,
    results.length === 0
      ? { role: Role.USER, text: "And then?" }
      : {
          role: Role.TOOL,
          content: results.map((value) => ({ part: { case: "toolResult" as const, value } })),
        },
  );
}

function textOf(value: string) {
  return { case: "text" as const, value };
}

/** The dialect and the model that a recording was made with. */
function spokenBy({ provider, recording }: Turn): Spoken<Protocol> {
  const { kind = provider, settings = {} } = providerEntry(provider, "", recording.provider);
  const facts = providerKinds.get(kind);
  const model = String(recording.request["model"]).slice(provider.length + 1);
  const known = facts?.models().get(model) ?? unknownFacts;
  const dialect = facts?.dialects(settings).generate?.(model, known);
  if (dialect === undefined) throw new Error(`${provider} has no dialect for ${model}`);
  return { kind: provider, model, facts: known, dialect };
}

function losses({ warnings }: Rendered): Warning[] {
  return warnings.filter(({ code, field }) => /_DROPPED$/.test(code) && !field.endsWith(".citations"));
}

describe.each(turns)("after $provider/$recording.name", (turn) => {
  test("the provider gets back what it said", () => {
    const spoken = spokenBy(turn);
    const rendered = spoken.dialect.render(attemptAt(spoken, turn.request));
    const sent = new Leaves(rendered.body);
    const usesTools = turn.answer.content.some(({ part }) => part.case === "toolCall");
    const dropped = losses(rendered).map(({ field }) => field);
    for (const [index, part] of turn.answer.content.entries()) {
      const path = `${turn.path}.content[${index}]`;
      const isUnwanted = !usesTools && toolFields.has(part.signature?.value ?? "") && dropped.includes(path);
      if (isUnwanted) dropped.splice(dropped.indexOf(path), 1);
      else checkPart(part, sent, turn);
    }
    expect(dropped).toEqual([]);
  });
});

const signed = turns.filter(({ answer }) => answer.content.some(isSigned));

describe.each(signed)("after $provider/$recording.name", (turn) => {
  test.each(othersThan(turn))("$kind ($dialect.name) gets no reasoning, and the caller is told so", (spoken) => {
    const rendered = foreign(spoken, turn.request);
    if (rendered === undefined) return;
    const sent = new Leaves(rendered.body);
    const told = losses(rendered).map(({ field }) => field.replace(/\d+/g, ""));
    expect(told).toContainEqual(expect.stringMatching(/^messages\[\]\.content\[\]/));
    for (const { part, signature } of turn.answer.content) {
      const { text, encryptedContent } = part.case === "reasoning" ? part.value : { text: "", encryptedContent: "" };
      const secrets = [text, encryptedContent, fieldNames.has(signature?.value ?? "") ? "" : (signature?.value ?? "")];
      expect(secrets.filter((secret) => secret !== "" && sent.holds(secret))).toEqual([]);
    }
  });
});

function isSigned({ part, signature }: ContentPart): boolean {
  return signature !== undefined || part.case === "reasoning";
}

/** Dialects of other providers; those of the same family, whoever speaks them, share their signatures. */
function othersThan(turn: Turn): Spoken<Protocol>[] {
  const own = spokenBy(turn);
  return protocols.filter(({ kind, dialect: { name } }) => {
    const isFamily = name.replace("-invoke", "") === turn.provider;
    return kind !== own.kind && !isFamily && (name !== own.dialect.name || name === "chat-completions");
  });
}

/** The request for another provider; undefined where its model cannot take it at all, which is an error that says so. */
function foreign(spoken: Spoken<Protocol>, request: CompleteRequest): Rendered | undefined {
  try {
    const plain = { ...request, reasoning: undefined, providerOptions: {}, tools: request.tools.filter(isFunction) };
    return spoken.dialect.render(attemptAt(spoken, requestOf(plain)));
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect((error as GatewayError).reason).toBe("CAPABILITY_UNSUPPORTED");
    return undefined;
  }
}

function isFunction({ kind }: CompleteRequest["tools"][number]): boolean {
  return kind.case === "function";
}

/** Mistral takes ids of nine characters only, and serves models that make others. */
function isUnfit(provider: string, id: string): boolean {
  return provider === "mistral" && id.length !== 9;
}

function checkPart({ part, signature }: ContentPart, sent: Leaves, { provider, recording: { body } }: Turn): void {
  if (part.case === "text" || part.case === "refusal") expect(sent.holds(part.value)).toBe(true);
  if (part.case === "reasoning") {
    expect(sent.holds(part.value.text)).toBe(true);
    expect(sent.has(part.value.encryptedContent)).toBe(true);
  }
  if (part.case === "toolCall") {
    const { id, name, argumentsJson } = part.value;
    expect(sent.has(name)).toBe(true);
    expect(sent.has(argumentsJson) || sent.hasJson(argumentsJson)).toBe(true);
    // Those that the provider did not give are the gateway's own, and those that it would not take are others there.
    if (body.includes(id) && !isUnfit(provider, id)) expect(sent.has(id)).toBe(true);
  }
  if (part.case === "providerPart") expect(sent.hasJson(part.value.json)).toBe(true);
  checkSignature(signature?.value ?? "", sent);
}

function checkSignature(value: string, sent: Leaves): void {
  // The list that OpenRouter wants back holds the texts, too.
  if (fieldNames.has(value)) expect(sent.keys.has(value) || sent.keys.has("reasoning_details")).toBe(true);
  else if (!value.startsWith("{")) expect(sent.has(value)).toBe(true);
  else for (const text of new Leaves(JSON.parse(value) as JsonObject).texts) expect(sent.has(text)).toBe(true);
}
