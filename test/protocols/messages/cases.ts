import { readdirSync, readFileSync } from "node:fs";
import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { type CompleteRequest, CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../../src/model/call.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import { Fold } from "../../../src/model/fold.ts";
import type { ModelFacts } from "../../../src/model/target.ts";
import { messages } from "../../../src/protocols/messages/protocol.ts";
import { rpcWith } from "../../support/rpc.ts";

const root = new URL("../../fixtures/anthropic/", import.meta.url);

export interface Case {
  readonly name: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly stream: boolean;
  readonly call: JsonObject;
  /** Body of the request that was recorded, if it was. */
  readonly request: JsonObject | undefined;
  /** Body of the response; decoded events are framed again. */
  readonly body: Buffer;
  readonly expected: JsonObject;
}

/** Every recorded exchange. */
export const cases: readonly Case[] = readdirSync(root).sort().map(caseOf);

function caseOf(name: string): Case {
  const folder = new URL(`${name}/`, root);
  const files = readdirSync(folder);
  const text = (file: string) => readFileSync(new URL(file, folder));
  const json = (file: string) => (files.includes(file) ? JSON.parse(text(file).toString()) : undefined);
  const meta = json("meta.json");
  const call = json("call.json");
  const source = ["response.json", "stream.sse", "events.jsonl"].find((file) => files.includes(file)) ?? "";
  return {
    name,
    status: meta.status,
    headers: meta.response_headers,
    stream: call.stream,
    call: call.request,
    request: json("request.json"),
    body: source === "events.jsonl" ? framed(text(source).toString()) : text(source),
    expected: json("expected.json") ?? {},
  };
}

function framed(lines: string): Buffer {
  const events = lines.trim().split("\n");
  return Buffer.from(events.map((line) => `event: ${JSON.parse(line).type}\ndata: ${line}\n\n`).join(""));
}

/** Facts of a model of which nothing is known, but for what is given. */
export function factsOf(known: Partial<ModelFacts> = {}): ModelFacts {
  return {
    type: "completion",
    contextWindow: 0,
    maxOutputTokens: 0,
    dimensions: 0,
    retireTimeMs: 0,
    inputModalities: [],
    outputModalities: [],
    features: new Set(["reasoning"]),
    priceList: undefined,
    ...known,
  };
}

/** An attempt at anthropic/claude-test, unless the request names a model. */
export function attemptOf(request: CompleteRequest, stream = false, facts = factsOf()): Attempt {
  const model = request.model.split("/")[1] ?? "claude-test";
  const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
  const models = new Map([["claude-test", facts]]);
  const provider = { id: "anthropic", displayName: "", models, defaultModel: undefined, timeouts };
  const rpc = rpcWith();
  return {
    call: { id: "c", rpc, request, stream },
    target: { provider, model, selector: `anthropic/${model}`, facts },
    policy: "",
    failures: [],
    timeouts,
    freshConnection: false,
  };
}

/** A request from its JSON form. */
export function requestOf(json: JsonValue): CompleteRequest {
  return fromJson(CompleteRequestSchema, json);
}

/** The chunks of an answer that comes in these pieces. */
export function readAll(attempt: Attempt, pieces: readonly Buffer[]): Chunk[] {
  const reader = messages.read(attempt);
  const out: Chunk[] = [];
  for (const piece of pieces) reader.push(piece, out);
  reader.end(out);
  return out;
}

/** The whole answer that these chunks make. */
export function folded(chunks: readonly Chunk[]) {
  const fold = new Fold();
  for (const chunk of chunks) fold.add(chunk);
  return fold.response();
}
