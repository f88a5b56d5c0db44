import { expect } from "vitest";
import { providerKey } from "../faults/dialects.ts";
import type { Mode } from "../faults/fault.ts";
import { eventsIn, type SentEvent } from "./sse.ts";

/** What an error says to programs. */
export interface ToldError {
  readonly status: number;
  readonly type: string;
  readonly code?: string | null;
}

/** A surface with the vocabulary of another's API, and how its answers are read. */
export interface Surface {
  readonly name: string;
  readonly path: string;
  readonly fields: object;
  /** Text of a whole answer. */
  readonly whole: (body: never) => string;
  /** Text of one event. */
  readonly piece: (data: never) => string;
  /** Whether the event says that the answer is complete. */
  readonly isEnd: (event: SentEvent) => boolean;
  /** What it makes of reasons. */
  readonly errors: Readonly<Record<string, ToldError>>;
}

const server = "server_error";

const words = "Say hello to the world";
const said = { messages: [{ role: "user", content: words }] };

const chat: Surface = {
  name: "chat completions",
  path: "/v1/chat/completions",
  fields: said,
  whole: (body: { choices: [{ message: { content: string } }] }) => body.choices[0].message.content,
  piece: (data: { choices?: { delta: { content?: string } }[] }) => data.choices?.[0]?.delta.content ?? "",
  isEnd: ({ data }) => data === "[DONE]" || data.includes('"finish_reason":"'),
  errors: {
    PROVIDER_TIMEOUT: { status: 504, type: server, code: "timeout" },
    PROVIDER_UNAVAILABLE: { status: 503, type: server, code: null },
    PROVIDER_OVERLOADED: { status: 503, type: server, code: "overloaded" },
    PROVIDER_BAD_RESPONSE: { status: 502, type: server, code: null },
    PROVIDER_RATE_LIMITED: { status: 429, type: "requests", code: "rate_limit_exceeded" },
    PROVIDER_CREDENTIAL_INVALID: { status: 503, type: server, code: null },
    PROVIDER_INVALID_REQUEST: { status: 400, type: "invalid_request_error", code: null },
    STREAM_INTERRUPTED: { status: 200, type: server, code: null },
  },
};

const messages: Surface = {
  name: "messages",
  path: "/v1/messages",
  fields: { ...said, max_tokens: 100 },
  whole: (body: { content: [{ text: string }] }) => body.content[0].text,
  piece: (data: { delta?: { text?: string } }) => data.delta?.text ?? "",
  isEnd: ({ event }) => event === "message_stop" || event === "message_delta",
  errors: {
    PROVIDER_TIMEOUT: { status: 504, type: "timeout_error" },
    PROVIDER_UNAVAILABLE: { status: 503, type: "api_error" },
    PROVIDER_OVERLOADED: { status: 529, type: "overloaded_error" },
    PROVIDER_BAD_RESPONSE: { status: 502, type: "api_error" },
    PROVIDER_RATE_LIMITED: { status: 429, type: "rate_limit_error" },
    PROVIDER_CREDENTIAL_INVALID: { status: 503, type: "api_error" },
    PROVIDER_INVALID_REQUEST: { status: 400, type: "invalid_request_error" },
    STREAM_INTERRUPTED: { status: 200, type: "api_error" },
  },
};

const responses: Surface = {
  name: "responses",
  path: "/v1/responses",
  fields: { input: words },
  whole: (body: { output: [{ content: [{ text: string }] }] }) => body.output[0].content[0].text,
  piece: (data: { type: string; delta?: string }) =>
    data.type === "response.output_text.delta" ? (data.delta ?? "") : "",
  isEnd: ({ event }) => event === "response.completed" || event === "response.incomplete",
  errors: chat.errors,
};

/** All that have words of another's API. */
export const surfaces: readonly Surface[] = [chat, messages, responses];

/** The body of a call. */
export function bodyOf({ fields }: Surface, mode: Mode, model = "up/m-1"): string {
  return JSON.stringify({ model, stream: mode === "stream", ...fields });
}

/** Makes a call. */
export function post(url: string, surface: Surface, mode: Mode, init: RequestInit & { model?: string } = {}) {
  const { model, ...rest } = init;
  const headers = { "content-type": "application/json" };
  return fetch(url + surface.path, { method: "POST", headers, body: bodyOf(surface, mode, model), ...rest });
}

/** The body as it comes. */
export function bytesOf({ body }: Response): AsyncIterable<Uint8Array> {
  if (body === null) throw new Error("there is no body");
  return body;
}

/** Reads a stream to its end, and tells of each piece of text as it comes. */
export async function readEvents(response: AsyncIterable<Uint8Array>, surface: Surface, onText?: () => void) {
  const pieces: Uint8Array[] = [];
  let seen = 0;
  for await (const bytes of response) {
    pieces.push(bytes);
    if (onText === undefined) continue;
    const body = Buffer.concat(pieces).toString();
    const { events } = eventsIn(body.slice(0, body.lastIndexOf("\n\n") + 2));
    const texts = events.filter((event) => textIn(surface, event) !== "").length;
    for (; seen < texts; seen++) onText();
  }
  const { events, comments } = eventsIn(Buffer.concat(pieces).toString());
  return { events, comments, text: events.map((event) => textIn(surface, event)).join("") };
}

/** What an error says, which has to be in the words of the surface and must repeat nothing that the provider said. */
export function errorIn(surface: Surface, body: string): { reason: string } & Omit<ToldError, "status"> {
  expect(body).not.toContain("canary");
  expect(body).not.toContain(providerKey);
  const told = JSON.parse(body);
  if (surface === messages)
    expect(told).toMatchObject({ type: "error", request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  // An event of Responses says that it is an error in the field for the type.
  const { message, param: _, sequence_number: __, ...error } = told.error ?? { ...told, type: server };
  expect(message).toMatch(/\w+ \w+/);
  return error;
}

function textIn({ piece }: Surface, { data }: SentEvent): string {
  return data.startsWith("{") ? piece(JSON.parse(data) as never) : "";
}
