import { doubtAws } from "./aws-signature.ts";
import { bedrockEvent } from "./bedrock-event.ts";
import { bedrockFault, bedrockRequestId, exceptionFrame } from "./bedrock-fault.ts";
import { bedrockTarget, plainName } from "./bedrock-path.ts";
import type { Asking, Dialect, Exchange, Frame } from "./dialect.ts";
import { type JsonObject, list, number, object, string } from "./json.ts";
import { messages } from "./messages.ts";

/** InvokeModel on Amazon Bedrock, in the formats of the models: of Claude, of embeddings, of reranking. */
export const invoke: Dialect = {
  name: "invoke",
  mark: undefined,
  doubt: doubtAws,
  streamType: "application/vnd.amazon.eventstream",
  operation: (method, path) => {
    const { model = "", operation } = (method === "POST" ? bedrockTarget(path) : undefined) ?? {};
    if (operation === "invoke-with-response-stream") return "generate";
    if (operation !== "invoke") return undefined;
    if (/\brerank\b/.test(model)) return "rerank";
    return /\bembed\b/.test(model) ? "embed" : "generate";
  },
  model: (_body, path) => plainName(bedrockTarget(path)?.model ?? ""),
  read,
  whole: messages.whole,
  frames,
  embedding: {
    read: (body, { path }) => ({
      model: bedrockTarget(path)?.model ?? "",
      texts: isTitan(body) ? [string(body["inputText"])] : list(body["texts"]).map(string),
      dimensions: number(body["dimensions"]) ?? number(body["output_dimension"]),
    }),
    whole: ({ body, vectors, inputTokens }) =>
      isTitan(body)
        ? { embedding: vectors[0], embeddingsByType: { float: vectors[0] }, inputTextTokenCount: inputTokens }
        : cohereVectors(body, vectors),
  },
  reranking: {
    read: (body, { path }) => ({
      model: bedrockTarget(path)?.model ?? "",
      query: string(body["query"]),
      documents: list(body["documents"]).map(string),
      topN: number(body["top_n"]),
    }),
    whole: ({ results }) => ({ results: results.map(({ index, score }) => ({ index, relevance_score: score })) }),
  },
  models: () => ({}),
  requestId: bedrockRequestId,
  headers: (requestId) => ({ "x-amzn-requestid": requestId }),
  fault: bedrockFault,
  faultFrame: exceptionFrame,
};

function isTitan(body: JsonObject): boolean {
  return body["inputText"] !== undefined;
}

function cohereVectors({ embedding_types, texts }: JsonObject, vectors: readonly (readonly number[])[]) {
  const isTyped = embedding_types !== undefined;
  return {
    embeddings: isTyped ? { float: vectors } : vectors,
    response_type: isTyped ? "embeddings_by_type" : "embeddings_floats",
    texts,
  };
}

/** The path has the model and whether the answer is a stream, the body the version. */
function read(body: JsonObject, asking: Asking) {
  const { model = "", operation } = bedrockTarget(asking.path) ?? {};
  const header = (name: string) =>
    name === "anthropic-version" ? string(body["anthropic_version"]) : asking.header(name);
  const stream = operation === "invoke-with-response-stream";
  return messages.read({ ...body, model, stream }, { ...asking, header });
}

/** Anthropic's events, each as bytes in an event of AWS's; the last adds AWS's own count. */
function* frames(exchange: Exchange): Generator<Frame> {
  const { ask, answer } = exchange;
  const counts = { inputTokenCount: ask.inputTokens, outputTokenCount: answer.outputTokens };
  for (const { text, tokens } of messages.frames(exchange)) {
    const data = object(JSON.parse(/^data: (.*)$/m.exec(String(text))?.[1] ?? "{}"));
    const event = data["type"] === "message_stop" ? { ...data, "amazon-bedrock-invocationMetrics": counts } : data;
    yield bedrockEvent("chunk", { bytes: Buffer.from(JSON.stringify(event)).toString("base64") }, tokens);
  }
}
