import { readdirSync, readFileSync } from "node:fs";
import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { type CompleteRequest, CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { factsOf } from "../../../src/catalog/facts.ts";
import type { Attempt } from "../../../src/model/call.ts";
import type { Chunk } from "../../../src/model/chunk.ts";
import type { ModelFacts } from "../../../src/model/target.ts";
import { messages } from "../../../src/protocols/messages/protocol.ts";
import { attemptAt } from "../../support/attempt.ts";
import { piecesOf } from "../../support/dialect.ts";

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

const reasoner = factsOf({ features: ["reasoning"] }, "");

/** Facts of a model of which nothing is known but that it reasons, and what is given. */
export function knownFacts(known: Partial<ModelFacts> = {}): ModelFacts {
  return { ...reasoner, inputModalities: [], outputModalities: [], ...known };
}

/** An attempt at anthropic/claude-test, unless the request names a model. */
export function attemptOf(request: CompleteRequest, stream = false, facts = knownFacts()): Attempt {
  return attemptAt({ kind: "anthropic", model: request.model.split("/")[1] ?? "claude-test", facts }, request, stream);
}

/** A request from its JSON form. */
export function requestOf(json: JsonValue): CompleteRequest {
  return fromJson(CompleteRequestSchema, json);
}

/** The chunks of an answer that comes in these pieces. */
export function readAll(attempt: Attempt, pieces: readonly Buffer[]): Chunk[] {
  return piecesOf(messages.read(attempt), pieces);
}
