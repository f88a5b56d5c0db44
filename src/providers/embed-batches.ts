import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import { estimateTokens } from "../model/estimate.ts";
import type { EmbedDialect } from "../model/protocol.ts";
import type { Outcome, Result } from "../model/reply.ts";
import { addCosts, addUsages } from "../model/sum.ts";
import type { Vectors } from "../model/vectors.ts";
import type { Carrier } from "../upstream/carrier.ts";
import { whole } from "../upstream/whole.ts";

/** Requests of one call that are under way at once. */
const atOnceMax = 4;

/**
 * Embeds as many texts at a time as the dialect takes, by number and by tokens, a few requests at once, and joins the
 * vectors in the order of the texts. The first failure ends the call; what the others used is told with it.
 */
export async function embedInBatches(
  carrier: Carrier,
  dialect: EmbedDialect,
  attempt: Attempt<EmbedRequest>,
): Promise<Result<Vectors>> {
  const batches = batchesOf(attempt, dialect);
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return whole(carrier, dialect, only);
  const results: Result<Vectors>[] = [];
  for (let from = 0; from < batches.length; from += atOnceMax) {
    const settled = await Promise.allSettled(
      batches.slice(from, from + atOnceMax).map((batch) => whole(carrier, dialect, batch)),
    );
    for (const one of settled) if (one.status === "fulfilled") results.push(one.value);
    const failed = settled.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw await withSpent(GatewayError.of(failed.reason), results);
  }
  return joined(attempt, results);
}

function batchesOf(attempt: Attempt<EmbedRequest>, dialect: EmbedDialect): Attempt<EmbedRequest>[] {
  const { call, target } = attempt;
  const { inputs } = call.request;
  const textsMax = Math.max(1, dialect.textsMax(target.model));
  // The estimate can be half of what the provider counts.
  const tokensMax = (dialect.tokensMax?.(target.model) ?? Number.POSITIVE_INFINITY) / 2;
  const batches: string[][] = [];
  let batch: string[] = [];
  let tokens = 0;
  for (const text of inputs) {
    const count = Number.isFinite(tokensMax) ? estimateTokens(text) : 0;
    if (batch.length === textsMax || (batch.length > 0 && tokens + count > tokensMax)) {
      batches.push(batch);
      batch = [];
      tokens = 0;
    }
    batch.push(text);
    tokens += count;
  }
  batches.push(batch);
  if (batches.length === 1) return [attempt];
  return batches.map((texts) => ({ ...attempt, call: { ...call, request: { ...call.request, inputs: texts } } }));
}

async function joined(attempt: Attempt<EmbedRequest>, results: readonly Result<Vectors>[]): Promise<Result<Vectors>> {
  const outcomes = await Promise.all(results.map(({ outcome }) => outcome));
  const [first] = results;
  const [one] = outcomes;
  if (first === undefined || one === undefined) throw new GatewayError("INTERNAL", "a call without texts to embed");
  const outcome: Outcome = {
    ...one,
    usage: addUsages(outcomes.map(({ usage }) => usage)),
    cost: addCosts(outcomes.map(({ cost }) => cost)),
    endMs: Math.max(...outcomes.map(({ endMs }) => endMs)),
  };
  const warnings = [...new Map(results.flatMap((result) => result.warnings).map((one) => [one.field, one])).values()];
  return {
    ...first,
    attempt,
    warnings,
    outcome: Promise.resolve(outcome),
    value: results.flatMap(({ value }) => value),
  };
}

/** The failure with what the batches that succeeded used. */
async function withSpent(error: GatewayError, results: readonly Result<Vectors>[]): Promise<GatewayError> {
  const { failure } = error;
  if (failure === undefined || results.length === 0) return error;
  const outcomes = await Promise.all(results.map(({ outcome }) => outcome));
  failure.usage = addUsages([...outcomes.map(({ usage }) => usage), ...(failure.usage ? [failure.usage] : [])]);
  const cost = addCosts(outcomes.map((outcome) => outcome.cost));
  if (cost !== undefined) failure.cost = cost;
  return error;
}
