import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";
import { type StreamCompleteResponse, StreamCompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, request } from "./dialects.ts";
import { RawCall, type Resume } from "./raw-call.ts";

/** An upstream that streams the texts it is given, one at a time, and ends when it is told to. */
export class PacedUpstream implements AsyncDisposable {
  readonly upstream: ScriptedUpstream;
  readonly #said: Said;

  private constructor(upstream: ScriptedUpstream, said: Said) {
    this.upstream = upstream;
    this.#said = said;
  }

  static async start(): Promise<PacedUpstream> {
    const said = new Said();
    const upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk(chat.preamble);
      for (let next = await said.next(); next !== ""; next = await said.next()) {
        if (!(await connection.chunk(next))) return;
      }
      await connection.lastChunk();
    });
    return new PacedUpstream(upstream, said);
  }

  get url(): string {
    return this.upstream.url;
  }

  say(...texts: readonly string[]): void {
    this.#said.put(...texts.map(chat.text));
  }

  /** The answer ends as it should. */
  finish(): void {
    this.#said.put(chat.finish, chat.done, "");
  }

  /** The answer ends in the middle. */
  stop(): void {
    this.#said.put("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** Texts on their way into a script. */
class Said {
  readonly #texts: string[] = [];
  #more = Promise.withResolvers<void>();

  put(...texts: readonly string[]): void {
    this.#texts.push(...texts);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  async next(): Promise<string> {
    while (this.#texts.length === 0) await this.#more.promise;
    return this.#texts.shift() ?? "";
  }
}

/** What a reader got, and the status that it ended with. */
export interface Heard {
  readonly events: readonly StreamCompleteResponse[];
  /** gRPC status code, with the reason behind it when it is an error: "5 RESUME_TOKEN_INVALID". */
  readonly status: string;
}

/** Reads events until one has this sequence number; the call goes on. */
export async function readUntil(call: RawCall, sequence: number): Promise<StreamCompleteResponse[]> {
  const events: StreamCompleteResponse[] = [];
  const source = call.events();
  for (;;) {
    const { value } = await source.next();
    if (value === undefined) throw new Error(`the stream ended before event ${sequence}`);
    if (value.sequence > 0) events.push(value);
    if (value.sequence >= sequence) return events;
  }
}

/** A call whose connection breaks once an event has come. */
export async function broken(gateway: { readonly url: string }, sequence: number, headers = {}) {
  const call = new RawCall(gateway.url, "StreamComplete", request, headers);
  const events = await readUntil(call, sequence);
  call[Symbol.dispose]();
  return { events, token: tokenOf(events) };
}

/** The rest of a stream. */
export async function resumed(url: string, resume: Resume, headers = {}): Promise<Heard> {
  using call = new RawCall(url, "StreamComplete", { resume }, headers);
  return await heard(call);
}

/** Reads a call to its end. */
export async function heard(call: RawCall): Promise<Heard> {
  const trailers = new Promise<Record<string, unknown>>((resolve) => {
    call.stream.once("response", (head) => head["grpc-status"] !== undefined && resolve(head));
    call.stream.once("trailers", resolve);
  });
  const events: StreamCompleteResponse[] = [];
  for await (const event of call.events()) if (event.sequence > 0) events.push(event);
  return { events, status: statusOf(await trailers) };
}

function statusOf(trailers: Readonly<Record<string, unknown>>): string {
  const code = String(trailers["grpc-status"]);
  const packed = trailers["grpc-status-details-bin"];
  if (packed === undefined) return code;
  const { details } = fromBinary(StatusSchema, Buffer.from(String(packed), "base64"));
  const info = details.find(({ typeUrl }) => typeUrl.endsWith(`/${ErrorInfoSchema.typeName}`));
  return `${code} ${info === undefined ? "" : fromBinary(ErrorInfoSchema, info.value).reason}`;
}

/** The token that the started event brought. */
export function tokenOf([first]: readonly StreamCompleteResponse[]): string {
  return first?.event.case === "started" ? first.event.value.resumeToken : "";
}

/** The events as they were on the wire. */
export function bytesOf(events: readonly StreamCompleteResponse[]): string[] {
  return events.map((event) => Buffer.from(toBinary(StreamCompleteResponseSchema, event)).toString("hex"));
}

/** Resolves when a metric has a value. */
export async function until(gateway: TestGateway, metric: string, value: number): Promise<void> {
  while ((await gateway.metric(metric)) !== value);
}
