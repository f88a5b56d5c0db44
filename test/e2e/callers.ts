import {
  create,
  fromJson,
  fromJsonString,
  type JsonObject,
  type MessageInitShape,
  toJsonString,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, type Transport } from "@connectrpc/connect";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import {
  CompleteRequestSchema,
  type CompleteResponse,
  CompleteResponseSchema,
  StreamCompleteRequestSchema,
  type StreamCompleteResponse,
  StreamCompleteResponseSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { type Failure, failureOf, fromDetails } from "./failure.ts";
import { GrpcJsClient } from "./grpc-js-client.ts";

type Ask = MessageInitShape<typeof CompleteRequestSchema>;

/** What a stream brought, and how it failed if it did. */
export interface Heard {
  readonly events: readonly StreamCompleteResponse[];
  readonly failure: Failure | undefined;
}

/** One way for a program to call the gateway. */
export interface Caller {
  /** The answer, or how the call failed. */
  complete(ask: Ask): Promise<CompleteResponse | Failure>;
  stream(ask: Ask): Promise<Heard>;
}

/** Every way to call, by name; each is given host:port. */
export const callers: Readonly<Record<string, (address: string) => Caller>> = {
  "@grpc/grpc-js": grpcJs,
  "Connect library, gRPC": (address) => connect(createGrpcTransport({ baseUrl: `http://${address}` })),
  "Connect library, gRPC-Web over HTTP/1.1": (address) =>
    connect(createGrpcWebTransport({ baseUrl: `http://${address}`, httpVersion: "1.1" })),
  "Connect library, gRPC-Web over HTTP/2": (address) =>
    connect(createGrpcWebTransport({ baseUrl: `http://${address}`, httpVersion: "2" })),
  ...Object.fromEntries(
    (["1.1", "2"] as const).flatMap((httpVersion) =>
      [true, false].map((useBinaryFormat) => [
        `Connect library, Connect ${useBinaryFormat ? "binary" : "JSON"} over HTTP/${httpVersion}`,
        (address: string) =>
          connect(createConnectTransport({ baseUrl: `http://${address}`, httpVersion, useBinaryFormat })),
      ]),
    ),
  ),
  "HTTP and JSON by hand": byHand,
};

function connect(transport: Transport): Caller {
  const client = createClient(CompletionService, transport);
  return {
    complete: (ask) => client.complete(create(CompleteRequestSchema, ask)).catch(failureOf),
    stream: async (ask) => {
      const events: StreamCompleteResponse[] = [];
      const start = { case: "request", value: create(CompleteRequestSchema, ask) } as const;
      try {
        for await (const event of client.streamComplete({ start })) events.push(event);
        return { events, failure: undefined };
      } catch (error) {
        return { events, failure: failureOf(error) };
      }
    },
  };
}

function grpcJs(address: string): Caller {
  const { complete, streamComplete } = CompletionService.method;
  return {
    complete: async (ask) => {
      using client = new GrpcJsClient(address);
      return await client.unary(complete, ask).catch(failureOf);
    },
    stream: async (ask) => {
      using client = new GrpcJsClient(address);
      const events: StreamCompleteResponse[] = [];
      const start = { case: "request", value: create(CompleteRequestSchema, ask) } as const;
      const failure = await client
        .serverStream(streamComplete, { start }, (event) => events.push(event))
        .then(() => undefined, failureOf);
      return { events, failure };
    },
  };
}

/** What somebody with curl would send. */
function byHand(address: string): Caller {
  const post = (method: string, contentType: string, body: string | Buffer) =>
    fetch(`http://${address}/${CompletionService.typeName}/${method}`, {
      method: "POST",
      headers: { "content-type": contentType },
      body,
    });
  return {
    complete: async (ask) => {
      const body = toJsonString(CompleteRequestSchema, create(CompleteRequestSchema, ask));
      const answer = await post("Complete", "application/json", body);
      const json = await answer.text();
      return answer.ok ? fromJsonString(CompleteResponseSchema, json) : failureOfJson(JSON.parse(json));
    },
    stream: async (ask) => {
      const start = { case: "request", value: create(CompleteRequestSchema, ask) } as const;
      const json = toJsonString(StreamCompleteRequestSchema, create(StreamCompleteRequestSchema, { start }));
      const answer = await post("StreamComplete", "application/connect+json", framed(json));
      const messages = unframed(Buffer.from(await answer.arrayBuffer()));
      const end = messages.pop() ?? {};
      const events = messages.map((message) => fromJson(StreamCompleteResponseSchema, message));
      const { error } = end as { error?: JsonError };
      return { events, failure: error && failureOfJson(error) };
    },
  };
}

/** An error of the Connect protocol. */
interface JsonError {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly type: string; readonly value: string }[];
}

function failureOfJson({ code, message, details }: JsonError): Failure {
  const packed = details.map(({ type, value }) =>
    create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value, "base64") }),
  );
  return fromDetails(codeFromString(code) ?? Code.Unknown, message, packed);
}

function framed(json: string): Buffer {
  const message = Buffer.from(json);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function unframed(body: Buffer): JsonObject[] {
  const messages: JsonObject[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(JSON.parse(body.subarray(at + 5, end).toString()));
    at = end;
  }
  return messages;
}
