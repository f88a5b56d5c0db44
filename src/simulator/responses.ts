import { chatCompletions } from "./chat-completions.ts";
import { chatCompletionsFault } from "./chat-completions-fault.ts";
import type { Dialect, Exchange, Frame, Operation } from "./dialect.ts";
import { fraction, identifier } from "./identifier.ts";
import { list, number, object } from "./json.ts";
import { readResponses } from "./responses-request.ts";
import { fragmentsOf } from "./tokens.ts";

const operations: ReadonlyMap<string, Operation> = new Map([
  ["POST /v1/responses", "generate"],
  ["POST /v1/responses/input_tokens", "count"],
]);

/** OpenAI's Responses API. It lives beside chat completions, which lists the models of both. */
export const responses: Dialect = {
  name: "responses",
  mark: undefined,
  streamType: chatCompletions.streamType,
  operation: (method, path) => operations.get(`${method} ${path}`),
  read: readResponses,
  whole: (exchange) => response(exchange, "completed", outputOf(exchange)),
  frames,
  count: (input_tokens) => ({ object: "response.input_tokens", input_tokens }),
  models: chatCompletions.models,
  requestId: chatCompletions.requestId,
  headers: chatCompletions.headers,
  fault: chatCompletionsFault,
  faultFrame: (requestId) => {
    const body = object(chatCompletionsFault({ kind: 500, model: "", requestId }).body);
    return eventOf({ type: "error", sequence_number: 0, error: body["error"] });
  },
};

/** One item of the output with the pieces in which it is streamed. */
interface Item {
  /** As it is in the end. */
  readonly done: Readonly<Record<string, unknown>>;
  /** As it begins. */
  readonly begun: Readonly<Record<string, unknown>>;
  /** Events between: their type without "response.", with what is in them, and the tokens that pace them. */
  readonly events: readonly (readonly [type: string, fields: object, tokens: number])[];
}

function includes({ body }: Exchange, name: string): boolean {
  return list(body["include"]).includes(name);
}

function itemsOf(exchange: Exchange): Item[] {
  const { answer } = exchange;
  const calls = answer.calls.map((_, at) => call(exchange, at));
  return [
    ...(answer.reasoning.length > 0 ? [reasoning(exchange)] : []),
    ...(answer.text.length > 0 || calls.length === 0 ? [message(exchange)] : []),
    ...calls,
  ];
}

function reasoning(exchange: Exchange): Item {
  const { body, answer, seed } = exchange;
  const id = `rs_${identifier(seed, "reasoning", 32)}`;
  const isShown = typeof object(body["reasoning"])["summary"] === "string";
  const part = { type: "summary_text", text: answer.reasoning.join("") };
  const secret = Buffer.from(`${seed} ${part.text}`).toString("base64");
  const begun = { id, type: "reasoning", summary: [] };
  const place = { summary_index: 0 };
  return {
    begun,
    done: {
      ...begun,
      ...(isShown ? { summary: [part] } : {}),
      ...(includes(exchange, "reasoning.encrypted_content") ? { encrypted_content: secret } : {}),
    },
    events: isShown
      ? [
          ["reasoning_summary_part.added", { ...place, part: { ...part, text: "" } }, 0],
          ...answer.reasoning.map(
            (delta) =>
              ["reasoning_summary_text.delta", { ...place, delta }, 1] as const satisfies Item["events"][number],
          ),
          ["reasoning_summary_text.done", { ...place, text: part.text }, 0],
          ["reasoning_summary_part.done", { ...place, part }, 0],
        ]
      : [],
  };
}

function message(exchange: Exchange): Item {
  const { answer, seed } = exchange;
  const isRefusal = answer.ending === "refusal";
  const text = answer.text.join("");
  const probable = includes(exchange, "message.output_text.logprobs");
  const said = (words: readonly string[]) => (probable ? { logprobs: logprobs(exchange, words) } : { logprobs: [] });
  const part = (words: readonly string[]) =>
    isRefusal
      ? { type: "refusal", refusal: words.join("") }
      : { type: "output_text", annotations: [], ...said(words), text: words.join("") };
  const begun = { id: `msg_${identifier(seed, "message", 32)}`, type: "message", role: "assistant", content: [] };
  const place = { content_index: 0 };
  const kind = isRefusal ? "refusal" : "output_text";
  return {
    begun: { ...begun, status: "in_progress" },
    done: { ...begun, status: answer.ending === "length" ? "incomplete" : "completed", content: [part(answer.text)] },
    events: [
      ["content_part.added", { ...place, part: part([]) }, 0],
      ...answer.text.map((delta): Item["events"][number] => [
        `${kind}.delta`,
        { ...place, delta, ...(isRefusal ? {} : said([delta])) },
        1,
      ]),
      [`${kind}.done`, { ...place, ...(isRefusal ? { refusal: text } : { text, ...said(answer.text) }) }, 0],
      ["content_part.done", { ...place, part: part(answer.text) }, 0],
    ],
  };
}

function call({ answer, seed }: Exchange, at: number): Item {
  const { name = "", arguments: json = "" } = answer.calls[at] ?? {};
  const begun = {
    id: `fc_${identifier(seed, `item ${at}`, 32)}`,
    type: "function_call",
    status: "in_progress",
    arguments: "",
    call_id: `call_${identifier(seed, `call ${at}`, 24)}`,
    name,
  };
  return {
    begun,
    done: { ...begun, status: "completed", arguments: json },
    events: [
      ...fragmentsOf(json).map((delta): Item["events"][number] => ["function_call_arguments.delta", { delta }, 1]),
      ["function_call_arguments.done", { arguments: json }, 0],
    ],
  };
}

function logprobs({ body, seed }: Exchange, words: readonly string[]) {
  const alternatives = Math.min(number(body["top_logprobs"]) ?? 0, 20);
  return words.map((token) => {
    const likely = { token, logprob: -fraction(seed, token), bytes: [...Buffer.from(token)] };
    const others = Array.from({ length: Math.max(alternatives - 1, 0) }, (_, at) => {
      const other = ` option${at + 1}`;
      return { token: other, logprob: likely.logprob - at - 1, bytes: [...Buffer.from(other)] };
    });
    return { ...likely, top_logprobs: alternatives > 0 ? [likely, ...others] : [] };
  });
}

function outputOf(exchange: Exchange): object[] {
  return itemsOf(exchange).map(({ done }) => done);
}

function response({ body, ask, answer, seed, createdS }: Exchange, status: string, output: readonly object[]) {
  const isIncomplete = status === "completed" && answer.ending === "length";
  return {
    id: `resp_${identifier(seed, "id", 32)}`,
    object: "response",
    created_at: createdS,
    status: isIncomplete ? "incomplete" : status,
    error: null,
    incomplete_details: isIncomplete ? { reason: "max_output_tokens" } : null,
    model: ask.model,
    output,
    parallel_tool_calls: ask.parallelTools,
    service_tier: "default",
    store: body["store"] !== false,
    usage: status === "in_progress" ? null : usage(ask.inputTokens, answer.outputTokens, answer.reasoning.length),
  };
}

function usage(input_tokens: number, output_tokens: number, reasoning_tokens: number) {
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens },
    total_tokens: input_tokens + output_tokens,
  };
}

function* frames(exchange: Exchange): Generator<Frame> {
  let sequence_number = 0;
  const frame = (type: string, fields: object, tokens = 0): Frame => ({
    text: eventOf({ type: `response.${type}`, sequence_number: sequence_number++, ...fields }),
    tokens,
  });
  yield frame("created", { response: response(exchange, "in_progress", []) });
  yield frame("in_progress", { response: response(exchange, "in_progress", []) });
  for (const [output_index, { begun, done, events }] of itemsOf(exchange).entries()) {
    yield frame("output_item.added", { output_index, item: begun });
    for (const [type, fields, tokens] of events) {
      yield frame(type, { item_id: begun["id"], output_index, ...fields }, tokens);
    }
    yield frame("output_item.done", { output_index, item: done });
  }
  const complete = response(exchange, "completed", outputOf(exchange));
  yield frame(complete.status, { response: complete });
}

function eventOf(event: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
