/** Pieces of text in one streamed answer. */
export const piecesPerStream = 100;

const id = "chatcmpl-CkV3sX0mTq8nL2bR5wYd7uJfGhE1a";
const facts = `"created":1763700000,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_560af6e559"`;
const details = `"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}`;
const words = " The quick brown fox jumps over a lazy dog while several measured clocks keep their steady time".match(
  / \w+/g,
);

/** Headers that OpenAI sends beside the content type, and a date, so that nobody need make one. */
export const answerHeaders = {
  date: "Fri, 21 Nov 2025 05:20:00 GMT",
  "openai-organization": "org-bench",
  "openai-processing-ms": "412",
  "openai-version": "2020-10-01",
  "x-ratelimit-limit-requests": "10000",
  "x-ratelimit-remaining-requests": "9999",
  "x-request-id": "req_4f6c1c7d2b5e4f0f9d3a8b7c6e5d4f3a",
};

/** A whole answer of about 600 bytes. */
export const wholeAnswer = Buffer.from(
  `{"id":"${id}","object":"chat.completion",${facts},"choices":[{"index":0,"message":{"role":"assistant",` +
    `"content":"Gateways are measured by what they add.","refusal":null,"annotations":[]},"logprobs":null,` +
    `"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":9,"total_tokens":33,${details}}}`,
);

/** A streamed answer, event by event: the role, about 289 bytes for each piece, the end, the usage and [DONE]. */
export const answerEvents: readonly Buffer[] = [
  choice(`{"role":"assistant","content":"","refusal":null}`, "null"),
  ...Array.from({ length: piecesPerStream }, (_, i) => pieceEvent(`${words?.[i % words.length]}`)),
  choice("{}", `"stop"`),
  event(`"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":100,"total_tokens":124,${details}}`),
  Buffer.from("data: [DONE]\n\n"),
];

/** One piece of streamed text, which must need no escapes in JSON. */
export function pieceEvent(text: string): Buffer {
  return choice(`{"content":"${text}"}`, "null");
}

/** One event of a streamed answer, with this delta and reason as JSON. */
export function choice(delta: string, finishReason: string): Buffer {
  return event(`"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finishReason}}],"usage":null`);
}

function event(rest: string): Buffer {
  return Buffer.from(`data: {"id":"${id}","object":"chat.completion.chunk",${facts},${rest}}\n\n`);
}
