import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";
import type { ProviderSection } from "../support/gateway.ts";

const fixtures = new URL("../fixtures/", import.meta.url);

/** Folders that hold no recorded exchanges. */
const others = new Set(["licences", "aws-eventstream"]);

/** Which RPC an exchange is replayed through. */
export type Operation = "complete" | "embed" | "rerank";

/** What a recorded exchange comes to in the words of the gateway. */
export interface Expected {
  readonly response?: JsonObject;
  readonly error?: { readonly reason: string; readonly code: string; readonly metadata: Record<string, string> };
}

/** One recorded exchange, with the call that leads to it and the answer that the gateway makes of it. */
export interface Recording {
  readonly name: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The answer came as a stream. */
  readonly streamed: boolean;
  readonly operation: Operation;
  /** What differs from the provider's usual entry in the configuration. */
  readonly provider: ProviderSection;
  /** The request of the operation in ProtoJSON. */
  readonly request: JsonObject;
  /** The body of the answer; events without their framing are framed again. */
  readonly body: Buffer;
  readonly expected: Expected;
}

/** Every provider of which there are recordings that a call leads to. */
export function recordedProviders(): string[] {
  return foldersOf(fixtures).filter((name) => !others.has(name) && recordingsOf(name).length > 0);
}

/** "provider/case" of every exchange that was recorded, whether or not a call leads to it. */
export function recordedIds(): string[] {
  const { cases } = JSON.parse(readFileSync(new URL("index.json", fixtures), "utf8"));
  return cases.map(({ id }: { id: string }) => id).sort();
}

/** Every recorded exchange of a provider that a call leads to. */
export function recordingsOf(provider: string): Recording[] {
  const folder = new URL(`${provider}/`, fixtures);
  return foldersOf(folder)
    .map((name) => ({ name, url: new URL(`${name}/`, folder) }))
    .filter(({ url }) => existsSync(new URL("call.json", url)))
    .map(({ name, url }) => recording(provider, name, url));
}

function foldersOf(url: URL): string[] {
  return readdirSync(url, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Files that hold an answer, with the content type they come under where none was recorded. */
const types: ReadonlyMap<string, string> = new Map([
  ["response.json", "application/json"],
  ["stream.sse", "text/event-stream"],
  ["stream.ndjson", "application/x-ndjson"],
  ["stream.eventstream", "application/vnd.amazon.eventstream"],
  ["events.jsonl", "text/event-stream"],
]);

function recording(provider: string, name: string, folder: URL): Recording {
  const bytes = (file: string) => readFileSync(new URL(file, folder));
  const json = (file: string) => JSON.parse(bytes(file).toString());
  const files = readdirSync(folder);
  const [file = "", type = ""] = [...types].find(([each]) => files.includes(each)) ?? [];
  const { status, response_headers: headers } = json("meta.json");
  const call = json("call.json");
  return {
    name,
    status,
    headers: { "content-type": type, ...headers },
    streamed: call.stream === true,
    operation: call.operation ?? "complete",
    provider: call.provider ?? {},
    request: call.request,
    body: file === "events.jsonl" ? framed(provider, name, bytes(file).toString()) : bytes(file),
    expected: json("expected.json"),
  };
}

/** Events as the provider frames them: some name each and end without a marker, the others end with one. */
function framed(provider: string, name: string, lines: string): Buffer {
  const payloads = lines.trim().split("\n");
  const named = provider === "anthropic" || provider === "cohere" || name.startsWith("responses-");
  const events = payloads.map((data) => `${named ? `event: ${JSON.parse(data).type}\n` : ""}data: ${data}\n\n`);
  return Buffer.from([...events, named || provider === "gemini" ? "" : "data: [DONE]\n\n"].join(""));
}
