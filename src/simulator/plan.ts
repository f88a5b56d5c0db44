import { answerTo, refusal } from "./answer.ts";
import { doubtBearer } from "./credential.ts";
import { type Content, type Delivery, deliveryOf, jsonDelivery } from "./delivery.ts";
import { type Asking, BadRequest, type Dialect, type FaultDetail } from "./dialect.ts";
import { dialectFor } from "./dialects.ts";
import { embed } from "./embed.ts";
import { seedOf } from "./identifier.ts";
import { isObject, type JsonObject, string } from "./json.ts";
import { simulatorModels } from "./models.ts";
import { rerank } from "./rerank.ts";
import { readScenario, type Scenario, scenarioWords } from "./scenario.ts";

/** A request as it arrived. */
export interface Request {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  /** The same as it was sent. */
  readonly rawPath: string;
  /** With its "?"; empty where there is none. */
  readonly query: string;
  /** Empty for an absent header; names in lower case. */
  readonly header: (name: string) => string;
  /** Undefined: it was too large to keep. */
  readonly raw: Buffer | undefined;
}

/** What to send and under which scenario's timing. */
export interface Plan {
  readonly delivery: Delivery;
  readonly scenario: Scenario;
}

/**
 * Decides everything about the answer to a request; pure, and never throws. `secret` undefined: any credential will do, or
 * none.
 */
export function planFor(request: Request, nowMs: number, secret?: string): Plan {
  const { method, path, rawPath, query, header, raw } = request;
  const dialect = dialectFor(method, path, header);
  const seed = seedOf(path, raw ?? Buffer.alloc(0));
  const refuse = (detail: Pick<FaultDetail, "kind" | "doubt" | "message" | "param">): Plan => {
    const requestId = dialect.requestId(seed);
    const { status, headers, body } = dialect.fault({ model: "", requestId, ...detail });
    return { scenario: {}, delivery: jsonDelivery(status, { ...dialect.headers(requestId), ...headers }, body) };
  };
  const operation = dialect.operation(method, path);
  if (raw === undefined) return refuse({ kind: 413 });
  if (operation === undefined) return refuse({ kind: 404, message: `Invalid URL (${method} ${path.slice(0, 200)})` });
  const asking: Asking = { operation, method, path, rawPath, query, header, raw };
  const doubt = secret === undefined ? undefined : (dialect.doubt ?? doubtBearer)(asking, secret, nowMs);
  if (doubt !== undefined) return refuse({ kind: 401, doubt });
  try {
    const body = operation === "models" ? {} : parse(raw);
    const model = dialect.model?.(body, path) ?? string(body["model"]);
    const scenario = readScenario(scenarioWords(model, header("x-simulate"), string(body["simulate"])));
    const content = contentOf({ dialect, asking, body, seed, scenario, nowMs });
    return { scenario, delivery: deliveryOf(dialect, content, scenario) };
  } catch (error) {
    if (!(error instanceof BadRequest)) return refuse({ kind: 500 });
    return refuse({ kind: 400, message: error.message, param: error.param });
  }
}

interface Order {
  readonly dialect: Dialect;
  readonly asking: Asking;
  readonly body: JsonObject;
  readonly seed: string;
  readonly scenario: Scenario;
  readonly nowMs: number;
}

function contentOf({ dialect, asking, body, seed, scenario, nowMs }: Order): Content {
  const { operation } = asking;
  if (operation === "models") {
    const names = simulatorModels.filter((model) => model.dialect === dialect.name).map((model) => model.name);
    return { model: "", seed, whole: () => dialect.models(names), tokens: 0 };
  }
  const { embedding, reranking } = dialect;
  if (operation === "embed" && embedding !== undefined) {
    const answer = embed(embedding.read(body, asking), body, seed);
    return { model: answer.ask.model, seed, whole: () => embedding.whole(answer), tokens: 0 };
  }
  if (operation === "rerank" && reranking !== undefined) {
    const answer = rerank(reranking.read(body, asking), seed);
    return { model: answer.ask.model, seed, whole: () => reranking.whole(answer), tokens: 0 };
  }
  const ask = dialect.read(body, asking);
  const { model } = ask;
  if (operation === "count") return { model, seed, whole: () => dialect.count?.(ask.inputTokens), tokens: 0 };
  const answer = scenario.fault === "refusal" ? refusal : answerTo(ask);
  const exchange = { body, ask, answer, seed, createdS: Math.floor(nowMs / 1000) };
  const content = { model, seed, whole: () => dialect.whole(exchange), tokens: answer.outputTokens };
  return ask.stream ? { ...content, frames: () => dialect.frames(exchange) } : content;
}

function parse(raw: Buffer): JsonObject {
  try {
    const body: unknown = JSON.parse(raw.toString());
    if (isObject(body)) return body;
  } catch {}
  throw new BadRequest("We could not parse the JSON body of your request: it must be one JSON object.");
}
