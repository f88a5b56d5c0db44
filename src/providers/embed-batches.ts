import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { Attempt, Timeouts } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import { estimateTokens } from "../model/estimate.ts";
import type { EmbedDialect } from "../model/protocol.ts";
import type { Outcome, Result } from "../model/reply.ts";
import { addCosts, addUsages, chargesOf } from "../model/sum.ts";
import type { Vectors } from "../model/vectors.ts";
import type { Carrier } from "../upstream/carrier.ts";
import { failureOf } from "../upstream/interruption.ts";
import { whole } from "../upstream/whole.ts";

/** Requests of one call that are under way at once. */
const atOnceMax = 4;

/**
 * Embeds as many texts at a time as the dialect takes, by number and by tokens, a few requests at once, and joins the
 * vectors in the order of the texts. All of them are one attempt, within its time. The first failure ends the call and
 * what is under way with it; what was used is told with the failure.
 */
export async function embedInBatches(
  carrier: Carrier,
  dialect: EmbedDialect,
  attempt: Attempt<EmbedRequest>,
): Promise<Result<Vectors>> {
  const batches = batchesOf(attempt, dialect);
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return whole(carrier, dialect, only);
  const startMs = performance.now();
  const results: Result<Vectors>[] = [];
  for (let from = 0; from < batches.length; from += atOnceMax) {
    const timeouts = timeLeft(attempt.timeouts, performance.now() - startMs);
    const group = batches.slice(from, from + atOnceMax).map((batch) => ({ ...batch, timeouts }));
    const { brought, failures } = await together(group, (batch) => whole(carrier, dialect, batch));
    results.push(...brought);
    const [first] = failures;
    if (first !== undefined) throw await withSpent(first, { attempt, startMs, results, failures });
  }
  return joined(attempt, results);
}

function timeLeft({ firstOutputMs, idleMs, totalMs }: Timeouts, passedMs: number): Timeouts {
  const leftMs = Math.max(0, totalMs - passedMs);
  return { firstOutputMs: Math.min(firstOutputMs, leftMs), idleMs, totalMs: leftMs };
}

/** What became of requests that were under way at once; failures in the order in which they came. */
interface Group {
  readonly brought: Result<Vectors>[];
  readonly failures: GatewayError[];
}

/** Asks for all at once, until one fails. */
async function together(
  batches: readonly Attempt<EmbedRequest>[],
  ask: (batch: Attempt<EmbedRequest>) => Promise<Result<Vectors>>,
): Promise<Group> {
  const givingUp = new AbortController();
  const failures: GatewayError[] = [];
  const asked = batches.map(async (batch) => {
    const { call } = batch;
    const signal = AbortSignal.any([call.rpc.signal, givingUp.signal]);
    try {
      return [await ask({ ...batch, call: { ...call, rpc: { ...call.rpc, signal } } })];
    } catch (error) {
      failures.push(GatewayError.of(error));
      givingUp.abort(new GatewayError("CANCELLED", "another request of the call failed"));
      return [];
    }
  });
  return { brought: (await Promise.all(asked)).flat(), failures };
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

interface Spent extends Pick<Group, "failures"> {
  readonly attempt: Attempt<EmbedRequest>;
  readonly startMs: number;
  readonly results: readonly Result<Vectors>[];
}

/** The failure with what all requests of the call used, those that it ended among them. */
async function withSpent(error: GatewayError, { attempt, startMs, results, failures }: Spent): Promise<GatewayError> {
  const outcomes = await Promise.all(results.map(({ outcome }) => outcome));
  const charged = [...outcomes, ...failures.map(({ failure }) => failure)].flatMap((spent) =>
    spent?.usage === undefined ? [] : [{ usage: spent.usage, cost: spent.cost }],
  );
  if (charged.length === 0) return error;
  const usage = addUsages(charged.map((spent) => spent.usage));
  const cost = addCosts(charged.map((spent) => spent.cost));
  // Without a record the request was not even begun, and the error can be the reason of a signal, which many share.
  const own = error.failure === undefined ? error.with({}) : error;
  const told = own.failure ?? failureOf(attempt, own, { usage, cost, sentMs: startMs, sent: true, started: false });
  const charge = cost === undefined ? { usage } : { usage, cost: { ...cost, lines: [] } };
  const last = told.attempts.slice(-1).map((record) => ({ ...record, ...charge }));
  const attempts = [...told.attempts.slice(0, -1), ...last];
  return own.withFailure({ ...told, attempts, usage: undefined, cost: undefined, ...chargesOf(attempts) });
}
