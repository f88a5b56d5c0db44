import { readdirSync, readFileSync } from "node:fs";
import type { JsonObject } from "@bufbuild/protobuf";

const fixtures = new URL("../fixtures/", import.meta.url);

/** Folders of fixtures that hold no exchanges. */
const otherFixtures = ["aws-eventstream", "licences"];

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
  /** A CompleteRequest in ProtoJSON. */
  readonly request: JsonObject;
  /** The body of the answer; events without their framing are framed again. */
  readonly body: Buffer;
  readonly expected: Expected;
}

/** Every provider of which there are recordings. */
export function recordedProviders(): string[] {
  return foldersOf(fixtures).filter((name) => !otherFixtures.includes(name));
}

/** Every recorded exchange of a provider that leads to an answer of the gateway. */
export function recordingsOf(provider: string): Recording[] {
  const folder = new URL(`${provider}/`, fixtures);
  return foldersOf(folder).map((name) => recording(provider, name, new URL(`${name}/`, folder)));
}

function foldersOf(url: URL): string[] {
  return readdirSync(url, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function recording(provider: string, name: string, folder: URL): Recording {
  const bytes = (file: string) => readFileSync(new URL(file, folder));
  const json = (file: string) => JSON.parse(bytes(file).toString());
  const files = readdirSync(folder);
  const [file = ""] = ["response.json", "stream.sse", "events.jsonl"].filter((each) => files.includes(each));
  const { status, response_headers: headers } = json("meta.json");
  return {
    name,
    status,
    headers: { "content-type": file === "response.json" ? "application/json" : "text/event-stream", ...headers },
    streamed: file !== "response.json",
    request: json("call.json").request,
    body: file === "events.jsonl" ? framed(provider, bytes(file).toString()) : bytes(file),
    expected: json("expected.json"),
  };
}

/** Events as the provider frames them: Anthropic names each, the others end with a marker. */
function framed(provider: string, lines: string): Buffer {
  const payloads = lines.trim().split("\n");
  const named = provider === "anthropic";
  const events = payloads.map((data) => `${named ? `event: ${JSON.parse(data).type}\n` : ""}data: ${data}\n\n`);
  return Buffer.from([...events, named ? "" : "data: [DONE]\n\n"].join(""));
}
