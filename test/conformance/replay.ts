import { fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  type CompleteRequest,
  CompleteRequestSchema,
  type CompleteResponse,
  CompleteResponseSchema,
  CompletionView,
  type StreamCompleteResponse,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { EmbedRequestSchema, EmbedResponseSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankRequestSchema, RerankResponseSchema, RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Chunk } from "../../src/model/chunk.ts";
import { Fold } from "../../src/model/fold.ts";
import { type ProviderSection, TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";
import { providerEntry } from "./provider-entry.ts";
import type { Expected } from "./recording.ts";

/** An answer of a provider, in the pieces in which it arrives. */
export interface Take {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Buffer[];
}

/** A gateway with one provider that answers whatever the test says next. */
export class Replay implements AsyncDisposable {
  readonly upstream: ScriptedUpstream;
  readonly gateway: TestGateway;
  readonly #deck: Deck;

  private constructor(upstream: ScriptedUpstream, gateway: TestGateway, deck: Deck) {
    this.upstream = upstream;
    this.gateway = gateway;
    this.#deck = deck;
  }

  /**
   * @param provider an entry of the configuration, and the kind of the same name.
   * @param own what its entry says besides.
   */
  static async start(provider: string, own: ProviderSection = {}): Promise<Replay> {
    const deck = new Deck();
    const upstream = await ScriptedUpstream.start((connection) => deck.play(connection));
    const baseUrl = `${upstream.url}/v1`;
    const providers = { [provider]: providerEntry(provider, baseUrl, own) };
    // One recorded refusal must not keep the next from being played.
    const gateway = await TestGateway.start({ providers, health: { breakers: false } });
    return new Replay(upstream, gateway, deck);
  }

  /** What the gateway makes of an answer; a stream is folded from its events. */
  async ask(request: JsonObject, stream: boolean, take: Take): Promise<CompleteResponse> {
    this.#deck.next = take;
    const message = requestOf(request);
    if (!stream) return this.gateway.complete(message);
    const { events, error } = await this.gateway.stream(message);
    if (error !== undefined) throw error;
    return folded(events);
  }

  /** The vectors that the gateway makes of an answer, in ProtoJSON. */
  async embed(request: JsonObject, take: Take): Promise<JsonObject> {
    this.#deck.next = take;
    const client = createClient(EmbeddingService, this.gateway.transport);
    const response = await client.embed(fromJson(EmbedRequestSchema, request));
    return settled(toJson(EmbedResponseSchema, response));
  }

  /** The order that the gateway makes of an answer, in ProtoJSON. */
  async rerank(request: JsonObject, take: Take): Promise<JsonObject> {
    this.#deck.next = take;
    const client = createClient(RerankService, this.gateway.transport);
    const response = await client.rerank(fromJson(RerankRequestSchema, request));
    return settled(toJson(RerankResponseSchema, response));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** What the upstream answers with, on whichever connection the next request comes. */
class Deck {
  next: Take | undefined;

  async play(connection: UpstreamConnection): Promise<void> {
    for (;;) {
      await connection.request();
      const take = this.next;
      if (take === undefined) throw new Error("the gateway asked once more than the test");
      this.next = undefined;
      const length = take.pieces.reduce((sum, piece) => sum + piece.length, 0);
      await connection.head(take.status, { ...take.headers, "content-length": String(length) });
      await connection.write(...take.pieces);
    }
  }
}

function requestOf(json: JsonObject): CompleteRequest {
  const request = fromJson(CompleteRequestSchema, json);
  request.view = CompletionView.FULL;
  return request;
}

/** The answer that the events of a stream add up to. */
export function folded(events: readonly StreamCompleteResponse[]): CompleteResponse {
  const fold = new Fold();
  for (const { event } of events) {
    if (event.case !== undefined) fold.add(event satisfies Chunk);
  }
  return fold.response();
}

/**
 * An answer without what differs from run to run and what the gateway adds of its own: routing and cost, the
 * usage that it estimates where the provider counts nothing, and the provider's own usage unless it is expected.
 */
export function normal(response: CompleteResponse, expected: JsonObject = {}): JsonObject {
  const json = toJson(CompleteResponseSchema, response) as JsonObject;
  for (const name of ["id", "routing", "createTime", "cost"]) delete json[name];
  const { usage } = json;
  const counted = expected["usage"];
  if (!isObject(usage)) return json;
  if (!isObject(counted) || !("native" in counted)) delete usage["native"];
  if (counted === undefined && usage["source"] === "USAGE_SOURCE_ESTIMATED") delete json["usage"];
  return json;
}

/** The same for an answer that is one value; a usage that the gateway estimates stays. */
function settled(json: JsonValue): JsonObject {
  const { routing, cost, ...rest } = json as JsonObject;
  if (isObject(rest["usage"])) delete rest["usage"]["native"];
  return rest;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

/** An error in the form of expected.json. */
export function errorOf(thrown: unknown): Required<Expected>["error"] {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  return { reason: info?.reason ?? error.message, code: Code[error.code], metadata: { ...info?.metadata } };
}
