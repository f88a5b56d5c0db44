import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { GatewayError, type Reason } from "../../model/error.ts";

/** One piece of a stream in the log. */
export interface LogEntry {
  /** Whose stream it is. */
  readonly keyId: string;
  /** Of its last event. */
  readonly sequence: number;
  /** Whole gRPC messages; a stream's last entry may have none. */
  readonly messages: Buffer;
  /** On the last entry how the stream ended, as `endOf` writes it. Undefined: it goes on. */
  readonly end: string | undefined;
}

/** What is written at once. */
export interface LogWrite {
  readonly token: string;
  readonly entry: LogEntry;
  /** Entries that end before this event are dropped. */
  readonly keptFrom: number;
  /** How long the stream is kept from now on. */
  readonly keepMs: number;
}

/** Streams that other processes carry out. What cannot be known soon is rejected. */
export interface StreamReader {
  /** The newest entry. Undefined: the stream is unknown. */
  newest(token: string): Promise<LogEntry | undefined>;
  /** Some entries that have what follows an event, in order; none: there is nothing yet. */
  read(token: string, after: number): Promise<readonly LogEntry[]>;
  /** Says that the stream is read here. False: its writer has not been heard of for seconds. */
  attend(token: string): Promise<boolean>;
}

/** Where replicas keep streams for each other. What cannot be done soon is rejected. */
export interface StreamLog extends StreamReader {
  /** Also says that the writer lives, for some seconds. True: another replica reads the stream. */
  write(write: LogWrite): Promise<boolean>;
  drop(token: string): Promise<void>;
}

interface End {
  readonly reason: Reason;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryMs: number | "never";
  /** CompletionFailure in base64. */
  readonly failure: string | undefined;
}

/** How a stream ended, as text; empty: well. */
export function endOf(error: GatewayError | undefined): string {
  if (error === undefined) return "";
  const { reason, rawMessage: message, info: metadata, retryMs = "never", failure: cost } = error;
  const failure = cost && Buffer.from(toBinary(CompletionFailureSchema, cost)).toString("base64");
  return JSON.stringify({ reason, message, metadata, retryMs, failure } satisfies End);
}

/** The failure that a stream ended with; undefined: none. */
export function errorOf(end: string): GatewayError | undefined {
  if (end === "") return undefined;
  const { reason, message, metadata, retryMs, failure } = JSON.parse(end) as End;
  const error = new GatewayError(reason, message, { metadata, retryMs });
  if (failure === undefined) return error;
  return error.withFailure(fromBinary(CompletionFailureSchema, Buffer.from(failure, "base64")));
}
