import type { ProviderSection } from "../../support/gateway.ts";

/** How a dialect says the things that every dialect can say: data for scripts. */
export interface Dialect {
  /** Kind of provider in configuration. */
  readonly kind: string;
  /** Events before any content. */
  readonly preamble: string;
  /** Events of one delta of text. */
  readonly text: (text: string) => string;
  /** Events that bring the finish reason and the usage (7 in, 3 out), without the terminal marker. */
  readonly finish: string;
  /** The terminal marker. */
  readonly done: string;
  /** An event that says overloaded. */
  readonly overloaded: string;
  /** A whole answer as one JSON body, with this usage object. */
  readonly whole: (text: string, usage?: unknown) => string;
}

const event = (type: string, rest: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
const chunk = (choice: object, rest: object = {}): string =>
  `data: ${JSON.stringify({ id: "c1", model: "m-1", choices: [{ index: 0, ...choice }], ...rest })}\n\n`;

const chatUsage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const messagesUsage = { input_tokens: 7, output_tokens: 3 };

/** The dialect of OpenAI. */
export const chat: Dialect = {
  kind: "openai-compatible",
  preamble: chunk({ delta: { role: "assistant", content: "" } }),
  text: (text) => chunk({ delta: { content: text } }),
  finish: chunk({ delta: {}, finish_reason: "stop" }, { usage: chatUsage }),
  done: "data: [DONE]\n\n",
  overloaded: 'data: {"error":{"message":"try later, canary-content","type":"overloaded_error","code":null}}\n\n',
  whole: (text, usage = chatUsage) =>
    JSON.stringify({
      id: "c1",
      model: "m-1",
      choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
      usage,
    }),
};

/** The dialect of Anthropic. */
export const messages: Dialect = {
  kind: "anthropic",
  preamble:
    event("message_start", { message: { id: "m1", model: "m-1", content: [], usage: { input_tokens: 7 } } }) +
    event("ping", {}) +
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  text: (text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
  finish:
    event("content_block_stop", { index: 0 }) +
    event("message_delta", { delta: { stop_reason: "end_turn" }, usage: messagesUsage }),
  done: event("message_stop", {}),
  overloaded: event("error", { error: { type: "overloaded_error", message: "try later, canary-content" } }),
  whole: (text, usage = messagesUsage) =>
    JSON.stringify({
      id: "m1",
      type: "message",
      model: "m-1",
      content: [{ type: "text", text }],
      stop_reason: "end_turn",
      usage,
    }),
};

const geminiUsage = { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 };
const response = (parts: readonly object[], candidate: object = {}, rest: object = {}): string =>
  JSON.stringify({ candidates: [{ content: { parts, role: "model" }, ...candidate }], modelVersion: "m-1", ...rest });

/** The dialect of Google, which has no terminal marker: the reason is one. */
export const gemini: Dialect = {
  kind: "gemini",
  preamble: `data: ${JSON.stringify({ usageMetadata: { trafficType: "ON_DEMAND" }, modelVersion: "m-1" })}\r\n\r\n`,
  text: (text) => `data: ${response([{ text }])}\r\n\r\n`,
  finish: `data: ${response([{ text: "" }], { finishReason: "STOP" }, { usageMetadata: geminiUsage })}\r\n\r\n`,
  done: "",
  overloaded: `data: ${JSON.stringify({ error: { code: 503, message: "try later, canary-content", status: "UNAVAILABLE" } })}\r\n\r\n`,
  whole: (text, usageMetadata = geminiUsage) => response([{ text }], { finishReason: "STOP" }, { usageMetadata }),
};

/** Every dialect. */
export const dialects = [chat, messages, gemini];

/** The whole of a streamed answer. */
export function streamed(dialect: Dialect, ...texts: readonly string[]): string {
  return dialect.preamble + texts.map(dialect.text).join("") + dialect.finish + dialect.done;
}

/** Secret that no client, log or metric may ever see. */
export const providerKey = "sk-canary-0123456789";

/** A provider "up" that lives at a script. */
export function providerAt(url: string, kind: string, rest: ProviderSection = {}): { up: ProviderSection } {
  return { up: { kind, baseUrl: `${url}/v1`, apiKey: providerKey, ...rest } };
}

/** The call of every test: a model of the provider "up". */
export const request = { model: "up/m-1", input: "Say hello to the world" };

/** Two provider calls: a connection that breaks may be replaced by another. */
export const twoCalls = { retry: { maxAttempts: 2 } };
