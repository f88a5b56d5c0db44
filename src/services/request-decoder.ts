import { isUtf8 } from "node:buffer";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  type StreamCompleteRequest,
  StreamCompleteRequestSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import type { ChatMessage, ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";

/**
 * The request as protobuf-es would decode it, in a quarter of the time where it is an ordinary one: a model, texts and
 * the common settings. Everything else, and everything that is not well-formed, is left to protobuf-es, which throws.
 * Hot path: no object but the request.
 */
export function decodeCompletion(bytes: Uint8Array): CompleteRequest {
  return new PlainReader(bytes).request(bytes.length) ?? fromBinary(CompleteRequestSchema, bytes);
}

/** Like `decodeCompletion`, for the request of a stream: an ordinary one that has no options. */
export function decodeStreamCompletion(bytes: Uint8Array): StreamCompleteRequest {
  return new PlainReader(bytes).streamRequest() ?? fromBinary(StreamCompleteRequestSchema, bytes);
}

/** Number and wire type of a field, in the one byte in which all fields here begin. */
const varint = 0;
const double = 1;
const text = 2;
const tag = (field: number, wireType: number) => (field << 3) | wireType;

const [model, messages, input, system] = [tag(1, text), tag(2, text), tag(3, text), tag(4, text)];
const [maxOutputTokens, temperature, topP] = [tag(6, varint), tag(7, double), tag(8, double)];
const [role, content, shorthand, name] = [tag(1, varint), tag(2, text), tag(3, text), tag(4, text)];
const [partText, streamed] = [tag(1, text), tag(1, text)];

/** Reads what is ordinary. Whatever it gives up on is undefined, and no word about why. */
class PlainReader {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  streamRequest(): StreamCompleteRequest | undefined {
    if (this.#bytes[this.#at++] !== streamed) return undefined;
    const end = this.#end(this.#bytes.length);
    const value = this.request(end);
    // Members of a message may come in two halves, which belong together.
    if (value === undefined || end !== this.#bytes.length) return undefined;
    return { $typeName: "llmhub.v1.StreamCompleteRequest", start: { case: "request", value } };
  }

  request(end: number): CompleteRequest | undefined {
    const request = emptyRequest();
    while (this.#at < end && !this.#failed) {
      switch (this.#bytes[this.#at++]) {
        case model:
          request.model = this.#text(end);
          break;
        case messages:
          request.messages.push(this.#message(this.#end(end)));
          break;
        case input:
          request.input = this.#text(end);
          break;
        case system:
          request.system = this.#text(end);
          break;
        case maxOutputTokens:
          request.maxOutputTokens = this.#count(end);
          break;
        case temperature:
          request.temperature = this.#double(end);
          break;
        case topP:
          request.topP = this.#double(end);
          break;
        default:
          return undefined;
      }
    }
    return this.#failed ? undefined : request;
  }

  #message(end: number): ChatMessage {
    const message: ChatMessage = { $typeName: "llmhub.v1.ChatMessage", role: 0, content: [], text: "", name: "" };
    while (this.#at < end && !this.#failed) {
      switch (this.#bytes[this.#at++]) {
        case role:
          message.role = this.#count(end) as Role;
          break;
        case content:
          message.content.push(this.#part(this.#end(end)));
          break;
        case shorthand:
          message.text = this.#text(end);
          break;
        case name:
          message.name = this.#text(end);
          break;
        default:
          this.#failed = true;
      }
    }
    return message;
  }

  #part(end: number): ContentPart {
    const isText = this.#bytes[this.#at++] === partText;
    const value = isText ? this.#text(end) : "";
    if (!isText || this.#at !== end) this.#failed = true;
    const part = { case: "text", value } as const;
    return { $typeName: "llmhub.v1.ContentPart", part, citations: [], providerOptions: {} };
  }

  #text(outerEnd: number): string {
    const end = this.#end(outerEnd);
    if (this.#failed) return "";
    const begin = this.#at;
    this.#at = end;
    if (begin === end) return "";
    if (isUtf8(this.#bytes.subarray(begin, end))) return this.#bytes.toString("utf8", begin, end);
    this.#failed = true;
    return "";
  }

  /** Where what begins with its length ends. */
  #end(outerEnd: number): number {
    const length = this.#count(outerEnd);
    const end = this.#at + length;
    if (end <= outerEnd) return end;
    this.#failed = true;
    return this.#at;
  }

  /** A number below 2^28, in its shortest form or not. */
  #count(end: number): number {
    let value = 0;
    for (let shift = 0; shift < 28 && this.#at < end; shift += 7) {
      const byte = this.#bytes[this.#at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.#failed = true;
    return 0;
  }

  #double(end: number): number {
    if (this.#at + 8 > end) {
      this.#failed = true;
      return 0;
    }
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }
}

function emptyRequest(): CompleteRequest {
  return {
    $typeName: "llmhub.v1.CompleteRequest",
    model: "",
    messages: [],
    input: "",
    system: "",
    tools: [],
    stopSequences: [],
    labels: {},
    endUserId: "",
    serviceTier: "",
    providerOptions: {},
    view: 0,
    validateOnly: false,
    lossless: false,
  };
}
