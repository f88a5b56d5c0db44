import { create, type JsonObject } from "@bufbuild/protobuf";
import { StreamFinishedSchema, type TokenLogprob, UsageUpdateSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ContentPartSchema, type PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse, partsMax, tooManyParts } from "../bad-response.ts";
import { CallIds } from "../call-ids.ts";
import { objectOf, parseExactObject, pieceOf, textOf } from "../field.ts";
import { readLogprobs } from "../logprobs.ts";
import { PartWriter } from "../part-writer.ts";
import { citationsOf } from "./citations.ts";
import { errorIn, faultWithin, promptBlocked } from "./fault.ts";
import { finishReasonOf, finishWordOf } from "./finish-reason.ts";
import { generationOf } from "./model-name.ts";
import { outputTokensOf, usageOf } from "./usage.ts";

/** First generation of which searches are billed one by one; before, a prompt that was searched for counted once. */
const searchedByQuery = 3;
/** How much the output grows until usage is told again: a stream that breaks is charged by what was told. */
const toldGrowth = 1.25;
/** What a candidate tells besides its content, passed on as it is. */
const extras = [
  "avgLogprobs",
  "citationMetadata",
  "finishMessage",
  "groundingMetadata",
  "safetyRatings",
  "urlContextMetadata",
] as const;

/** One answer of the model, response by response: a stream is a row of them that add up. */
export class Answer {
  /** Model name the provider reports. */
  model = "";
  /** The provider's word for why it stopped; empty until it did. */
  #finishWord = "";
  readonly #attempt: Attempt;
  /** Whose parts and signatures these are. */
  readonly #signer: string;
  readonly #hidesReasoning: boolean;
  readonly #writer = new PartWriter();
  readonly #ids: CallIds;
  readonly #metadata: JsonObject = {};
  #native: JsonObject | undefined;
  /** Output tokens of the usage that was told last; below 0 before. */
  #toldTokens = -1;
  #searches = 0;
  /** The metadata tells sources that no text has taken. */
  #hasSources = false;
  #hasCalls = false;
  /** The text part that is open, as far as it was written. */
  #text: string | undefined;

  constructor(attempt: Attempt, signer: string) {
    this.#attempt = attempt;
    this.#signer = signer;
    this.#hidesReasoning = attempt.call.request.reasoning?.hideText ?? false;
    this.#ids = new CallIds(attempt.call.request);
    this.#writer.signReasoning(this.#signed(""));
  }

  /** The provider has said why it stopped. There is no other marker of the end. */
  get isStopped(): boolean {
    return this.#finishWord !== "";
  }

  /** Takes one response as JSON text. Throws for an error in its place, and for a prompt that is not answered. */
  take(json: string, out: Chunk[]): void {
    const response = parseObject(json);
    if (errorIn(response) !== undefined) throw faultWithin(this.#attempt, json);
    this.model = textOf(response["modelVersion"]) || this.model;
    this.#count(objectOf(response["usageMetadata"]), out);
    const why = blockedBy(response);
    if (why !== "") throw promptBlocked(this.#attempt, why);
    const candidates = response["candidates"];
    const candidate = objectOf(Array.isArray(candidates) ? candidates[0] : undefined);
    if (candidate !== undefined) this.#takeCandidate(candidate, json, out);
  }

  /** Ends every part and the answer. Throws when the provider never said why it stopped. */
  finish(out: Chunk[]): void {
    if (!this.isStopped) throw badResponse("missing_finish_reason", "sent an answer that does not say why it ends");
    this.#closeText(out);
    const usage = this.#usage();
    const value = create(StreamFinishedSchema, {
      finishReason: finishReasonOf(this.#finishWord, this.#hasCalls),
      nativeFinishReason: this.#finishWord,
      ...(usage === undefined ? {} : { usage }),
      providerMetadata:
        Object.keys(this.#metadata).length === 0 ? {} : { [this.#attempt.target.provider.id]: this.#metadata },
    });
    out.push({ case: "finished", value });
  }

  #takeCandidate(candidate: JsonObject, json: string, out: Chunk[]): void {
    this.#note(candidate);
    const parts = partsOf(candidate);
    // Arguments are to arrive as the model wrote them; reading exactly takes longer, so only where there are some.
    const exact = parts.some(isCall) ? partsOf(candidateIn(parseExactObject(json))) : parts;
    const logprobs = candidate["logprobsResult"] === undefined ? undefined : readLogprobs(logprobsOf(candidate));
    const lastText = logprobs === undefined ? -1 : parts.findLastIndex(isText);
    for (let at = 0; at < parts.length; at++) {
      this.#takePart(parts[at] ?? {}, exact[at] ?? {}, at === lastText ? logprobs : undefined, out);
    }
    this.#finishWord = finishWordOf(candidate["finishReason"]) || this.#finishWord;
  }

  #takePart(part: JsonObject, exact: JsonObject, logprobs: TokenLogprob[] | undefined, out: Chunk[]): void {
    const proof = textOf(part["thoughtSignature"]);
    const signature = proof === "" ? undefined : this.#signed(proof);
    if (typeof part["text"] === "string") {
      if (part["thought"] === true) this.#think(part["text"], signature, out);
      else this.#say(part["text"], signature, logprobs, out);
    } else if (isCall(part)) this.#call(exact, signature, out);
    else this.#whole(part, signature, out);
    if (this.#writer.count > partsMax) throw tooManyParts();
  }

  #think(text: string, signature: PartSignature | undefined, out: Chunk[]): void {
    if (this.#text !== undefined) this.#closeText(out);
    if (!this.#hidesReasoning) this.#writer.text("reasoning", text, out);
    if (signature !== undefined) this.#writer.close(out, { signature });
  }

  /** Probabilities of tokens that are no text have no place. */
  #say(text: string, signature: PartSignature | undefined, logprobs: TokenLogprob[] | undefined, out: Chunk[]): void {
    if (text !== "" || logprobs !== undefined) {
      this.#writer.text("text", pieceOf(text), out, logprobs);
      this.#text = (this.#text ?? "") + text;
    }
    if (signature === undefined) return;
    // The signature of an empty text covers the text before, if there is any.
    if (this.#text === undefined) this.#writer.close(out);
    this.#closeText(out, signature);
  }

  #call(part: JsonObject, signature: PartSignature | undefined, out: Chunk[]): void {
    const call = objectOf(part["functionCall"]) ?? {};
    if (call["partialArgs"] !== undefined || call["willContinue"] === true) {
      throw badResponse("partial_arguments", "sent the arguments of a function in pieces, which was not asked for");
    }
    this.#closeText(out);
    this.#hasCalls = true;
    const index = this.#writer.tool(this.#ids.next(textOf(call["id"])), textOf(call["name"]), out);
    this.#writer.arguments(index, JSON.stringify(call["args"] ?? {}), out);
    if (signature !== undefined) this.#writer.endTool(index, { signature });
    this.#writer.closeTool(index, out);
  }

  /** Media that the model made, or a part that has no common form. */
  #whole(part: JsonObject, signature: PartSignature | undefined, out: Chunk[]): void {
    const kind = Object.keys(part).find((key) => !partExtras.has(key));
    if (kind === undefined) return;
    this.#closeText(out);
    const { mimeType, data } = objectOf(part["inlineData"]) ?? {};
    if (typeof data === "string" && part["thought"] !== true) {
      const source = { case: "data" as const, value: Buffer.from(data, "base64") };
      const media = { case: "media" as const, value: { source, mimeType: textOf(mimeType) } };
      this.#writer.whole(create(ContentPartSchema, { part: media, ...(signature && { signature }) }), out);
    } else {
      const value = { provider: this.#signer, kind, json: JSON.stringify(part) };
      this.#writer.whole(create(ContentPartSchema, { part: { case: "providerPart", value } }), out);
    }
  }

  /** Sources belong to the text that ends after they came; without one they are in the metadata only. */
  #closeText(out: Chunk[], signature?: PartSignature): void {
    if (this.#text !== undefined && this.#hasSources) {
      for (const citation of citationsOf(this.#metadata, this.#text)) this.#writer.citation(citation, out);
      this.#hasSources = false;
    }
    this.#writer.close(out, signature && { signature }, "text");
    this.#text = undefined;
  }

  /** Later words replace earlier ones, field by field. */
  #note(candidate: JsonObject): void {
    for (const name of extras) if (candidate[name] !== undefined) this.#metadata[name] = candidate[name];
    const { groundingMetadata, citationMetadata } = candidate;
    if (groundingMetadata === undefined && citationMetadata === undefined) return;
    this.#hasSources = true;
    const queries = objectOf(groundingMetadata)?.["webSearchQueries"];
    if (Array.isArray(queries)) this.#searches = queries.length;
  }

  /** Takes totals, which replace earlier ones. Every response has some, and few of them are told. */
  #count(native: JsonObject | undefined, out: Chunk[]): void {
    if (native?.["promptTokenCount"] === undefined) return;
    this.#native = native;
    const outputTokens = outputTokensOf(native);
    if (outputTokens <= this.#toldTokens || outputTokens < this.#toldTokens * toldGrowth) return;
    this.#toldTokens = outputTokens;
    const usage = this.#usage();
    if (usage !== undefined) out.push({ case: "usage", value: create(UsageUpdateSchema, { usage }) });
  }

  #usage(): Usage | undefined {
    if (this.#searches === 0) return usageOf(this.#native);
    const generation = generationOf(this.#attempt.target.model) ?? searchedByQuery;
    return usageOf(this.#native, { web_search: generation < searchedByQuery ? 1 : this.#searches });
  }

  #signed(value: string): PartSignature {
    return { $typeName: "llmhub.v1.PartSignature", provider: this.#signer, value };
  }
}

/** Fields of a part that do not say what it is. */
const partExtras: ReadonlySet<string> = new Set(["thought", "thoughtSignature", "partMetadata", "videoMetadata"]);

function parseObject(json: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw badResponse("bad_json", "sent something that is no JSON");
  }
  // An error can come in a list of its own.
  const response = objectOf(Array.isArray(value) && errorIn(value) !== undefined ? value[0] : value);
  if (response === undefined) throw badResponse("bad_json", "sent JSON that is no object");
  return response;
}

/** Why the prompt is not answered; empty where it is. */
function blockedBy(response: JsonObject): string {
  const reason = objectOf(response["promptFeedback"])?.["blockReason"];
  if (typeof reason === "number") return reason === 0 ? "" : `BLOCK_REASON_${reason}`;
  return textOf(reason) === "BLOCK_REASON_UNSPECIFIED" ? "" : textOf(reason);
}

function candidateIn(response: JsonObject | undefined): JsonObject {
  const candidates = response?.["candidates"];
  return objectOf(Array.isArray(candidates) ? candidates[0] : undefined) ?? {};
}

function partsOf(candidate: JsonObject): JsonObject[] {
  const parts = objectOf(candidate["content"])?.["parts"];
  return Array.isArray(parts) ? parts.map(partOf) : [];
}

function partOf(value: unknown): JsonObject {
  return objectOf(value) ?? {};
}

function isCall(part: JsonObject): boolean {
  return part["functionCall"] !== undefined;
}

function isText(part: JsonObject): boolean {
  return typeof part["text"] === "string" && part["thought"] !== true;
}

/** The chosen tokens with their alternatives, in the form of chat completions. */
function logprobsOf(candidate: JsonObject): JsonObject[] {
  const { chosenCandidates: chosen, topCandidates: top } = objectOf(candidate["logprobsResult"]) ?? {};
  if (!Array.isArray(chosen)) return [];
  return chosen.map((token, at) => {
    const others = objectOf(Array.isArray(top) ? top[at] : undefined)?.["candidates"];
    return { ...tokenOf(token), top_logprobs: Array.isArray(others) ? others.map(tokenOf) : [] };
  });
}

function tokenOf(candidate: unknown): JsonObject {
  const { token = null, logProbability = null } = objectOf(candidate) ?? {};
  return { token, logprob: logProbability };
}
