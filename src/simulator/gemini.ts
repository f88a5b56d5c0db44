import type { Ending } from "./answer.ts";
import type { Dialect, Exchange, Frame, Operation } from "./dialect.ts";
import { embedVerbs, readTexts, vectorsBody } from "./gemini-embedding.ts";
import { geminiFault } from "./gemini-fault.ts";
import { modelCall, readRequest } from "./gemini-request.ts";
import { doubtGoogle, keyHeader } from "./google-credential.ts";
import { fraction, identifier } from "./identifier.ts";
import { type JsonObject, number, object } from "./json.ts";

const inputTokenLimit = 1_048_576;
const outputTokenLimit = 65_536;
const alternativesMax = 20;
const verbs: Readonly<Record<string, Operation>> = {
  generateContent: "generate",
  streamGenerateContent: "generate",
  countTokens: "count",
};
/** A stop sequence and a tool call end like anything else; the filter speaks for a model that declines. */
const finishReasons: Readonly<Record<Ending, string>> = {
  stop: "STOP",
  "stop-sequence": "STOP",
  length: "MAX_TOKENS",
  tools: "STOP",
  refusal: "SAFETY",
};
const blocked = [{ category: "HARM_CATEGORY_DANGEROUS_CONTENT", probability: "HIGH", blocked: true }];

/** Google's generateContent, as the Gemini API and Vertex AI speak it; streams are server-sent events. */
export const gemini: Dialect = {
  name: "gemini",
  mark: keyHeader,
  streamType: "text/event-stream",
  model: (body, path) => modelCall(path)?.model ?? String(body["model"] ?? ""),
  operation,
  doubt: doubtGoogle,
  read: readRequest,
  whole: (exchange) => ({ candidates: [candidate(exchange)], ...tail(exchange) }),
  frames,
  count: (totalTokens) => ({ totalTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }] }),
  embedding: { read: readTexts, whole: vectorsBody },
  models: (names) => ({
    models: names.map((name) => ({
      name: `models/${name}`,
      displayName: name,
      inputTokenLimit,
      outputTokenLimit,
      supportedGenerationMethods: ["generateContent", "countTokens"],
    })),
  }),
  requestId: (seed) => identifier(seed, "response", 23),
  headers: () => ({ vary: "Origin, X-Origin, Referer", "server-timing": "gfet4t7; dur=1" }),
  fault: geminiFault,
  faultFrame: (requestId) => eventOf(geminiFault({ kind: 503, model: "", requestId }).body),
};

function operation(method: string, path: string): Operation | undefined {
  if (method === "GET") return /\/v1(?:beta\d?)?\/models$/.test(path) ? "models" : undefined;
  const verb = method === "POST" ? (modelCall(path)?.verb ?? "") : "";
  return embedVerbs.has(verb) ? "embed" : verbs[verb];
}

function candidate(exchange: Exchange) {
  const { answer } = exchange;
  if (answer.ending === "refusal") return { content: {}, ...ended(exchange) };
  const thoughts = isShown(exchange) ? [{ text: answer.reasoning.join(""), thought: true }] : [];
  const said = answer.text.join("");
  const text = said === "" ? [] : [{ text: said, ...(answer.calls.length === 0 ? proof(exchange) : {}) }];
  return content([...thoughts, ...text, ...callParts(exchange)], {
    ...ended(exchange),
    ...logprobs(exchange, answer.text),
  });
}

function content(parts: readonly object[], more: object = {}) {
  return { content: { parts, role: "model" }, index: 0, ...more };
}

/** Arguments are objects here; the first call of a turn carries the signature. */
function callParts(exchange: Exchange) {
  const { answer, seed } = exchange;
  return answer.calls.map((call, at) => ({
    functionCall: {
      name: call.name,
      args: JSON.parse(call.arguments) as unknown,
      id: identifier(seed, `call ${at}`, 8).toLowerCase(),
    },
    ...(at === 0 ? proof(exchange) : {}),
  }));
}

/** A model that thought signs what it says. */
function proof({ answer, seed }: Exchange) {
  if (answer.reasoning.length === 0) return {};
  return { thoughtSignature: Buffer.from(`${identifier(seed, "signature", 32)}${seed}`).toString("base64") };
}

/** Thoughts are thought whether or not they are shown. */
function isShown({ body, answer }: Exchange): boolean {
  const { includeThoughts } = object(object(body["generationConfig"])["thinkingConfig"]);
  return includeThoughts === true && answer.reasoning.length > 0;
}

function ended({ answer: { ending } }: Exchange) {
  return { finishReason: finishReasons[ending], ...(ending === "refusal" ? { safetyRatings: blocked } : {}) };
}

/** What follows the candidates: usage, when it is asked for after so many tokens of output, and names. */
function tail({ ask, answer, seed }: Exchange, saidTokens = answer.outputTokens - answer.reasoning.length) {
  const thoughts = answer.reasoning.length;
  return {
    usageMetadata: {
      promptTokenCount: ask.inputTokens,
      ...(saidTokens === 0 ? {} : { candidatesTokenCount: saidTokens }),
      totalTokenCount: ask.inputTokens + saidTokens + thoughts,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: ask.inputTokens }],
      ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
      serviceTier: "standard",
    },
    modelVersion: ask.model,
    responseId: identifier(seed, "response", 23),
  };
}

function logprobs({ body, answer, seed }: Exchange, tokens: readonly string[]): JsonObject {
  const config = object(body["generationConfig"]);
  if (config["responseLogprobs"] !== true || answer.calls.length > 0 || tokens.length === 0) return {};
  const alternatives = Math.min(number(config["logprobs"]) ?? 0, alternativesMax);
  const chosenCandidates = tokens.map((token) => ({ token, logProbability: -fraction(seed, token) }));
  const topCandidates = chosenCandidates.map((chosen) => ({
    candidates: Array.from({ length: alternatives }, (_, at) =>
      at === 0 ? chosen : { token: ` option${at}`, logProbability: chosen.logProbability - at },
    ),
  }));
  return { logprobsResult: { chosenCandidates, ...(alternatives > 0 ? { topCandidates } : {}) } };
}

function* frames(exchange: Exchange): Generator<Frame> {
  const { answer } = exchange;
  const frame = (said: object, tokens: number, saidTokens: number): Frame => ({
    text: eventOf({ candidates: [said], ...tail(exchange, saidTokens) }),
    tokens,
  });
  if (isShown(exchange)) for (const text of answer.reasoning) yield frame(content([{ text, thought: true }]), 1, 0);
  if (answer.ending === "refusal") {
    yield frame({ content: {}, ...ended(exchange) }, 0, 0);
    return;
  }
  for (const [at, text] of answer.text.entries()) {
    yield frame(content([{ text }], logprobs(exchange, [text])), 1, at + 1);
  }
  const saidTokens = answer.outputTokens - answer.reasoning.length;
  for (const part of callParts(exchange)) yield frame(content([part]), 1, saidTokens);
  const last = { text: "", ...(answer.calls.length === 0 ? proof(exchange) : {}) };
  yield frame(content([last], ended(exchange)), 0, saidTokens);
}

function eventOf(body: unknown): string {
  return `data: ${JSON.stringify(body)}\r\n\r\n`;
}
