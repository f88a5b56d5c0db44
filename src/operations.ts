import { CompletionService } from "../gen/llmhub/v1/completion_service_pb.ts";
import { EmbeddingService } from "../gen/llmhub/v1/embedding_service_pb.ts";
import { RerankService } from "../gen/llmhub/v1/rerank_service_pb.ts";
import type { AnswerKind } from "./cache/answer.ts";
import { completions } from "./cache/completions.ts";
import type { Answer } from "./cache/entry.ts";
import { embeddings, rankings } from "./cache/values.ts";
import { dispatcher, firstAttempt, type Restart } from "./dispatch/dispatcher.ts";
import { HedgeBudget } from "./dispatch/hedge-budget.ts";
import type { JourneyParts } from "./dispatch/journey.ts";
import { planOf, prospectsOf } from "./dispatch/planner.ts";
import { Readings } from "./dispatch/readings.ts";
import { restartable } from "./dispatch/restart.ts";
import { RetryBudget } from "./dispatch/retry-budget.ts";
import type { Router } from "./dispatch/router.ts";
import { Turns } from "./dispatch/view.ts";
import type { ExtensionHost } from "./extensions/host.ts";
import { type CacheOptions, cache } from "./interceptors/call/cache.ts";
import { type IdempotencyOptions, idempotent } from "./interceptors/call/idempotency.ts";
import { admitReader, countAnswered } from "./interceptors/call/limit.ts";
import { askChain, attemptChain, callChain } from "./interceptors/index.ts";
import type { Asked, Attempt, Call } from "./model/call.ts";
import { compose, type Dispatch } from "./model/dispatch.ts";
import { lacking } from "./model/lacking.ts";
import type { Served } from "./model/reply.ts";
import type { Provider } from "./model/target.ts";
import { randomHex } from "./server/random-id.ts";
import { counted, previewed } from "./services/aside.ts";
import { CompletionHandlers } from "./services/completion.ts";
import type { RouteParts } from "./services/index.ts";
import { routingOf } from "./services/routing-info.ts";
import type { RequestValidator } from "./services/validation.ts";
import type { CallLines } from "./telemetry/call-lines.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import type { Traffic } from "./traffic.ts";

/** Methods whose calls go through the chains, which tell of them. */
export const chainedMethods: readonly string[] = [
  `${CompletionService.typeName}/Complete`,
  `${CompletionService.typeName}/StreamComplete`,
  `${EmbeddingService.typeName}/Embed`,
  `${RerankService.typeName}/Rerank`,
];

/** What the operations work with. */
export interface OperationParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lines: CallLines;
  readonly validator: RequestValidator;
  /** The router of the configuration in force. */
  readonly router: () => Router;
  /** What calls share: limits, breakers, streams for callers who lose their connection, the response cache. */
  readonly traffic: Traffic;
  readonly extensions: ExtensionHost;
}

/** Everything that can be asked of a model, with the chains around it. */
export function operations(parts: OperationParts): Pick<RouteParts, "handlers" | "embedding" | "reranking"> {
  const { router, lines, metrics, traffic, validator } = parts;
  const { streams } = traffic;
  const shared = { validator, rejected: lines.refused, newId };
  const journey = journeyOf(parts);
  const prospect = (call: Call<Asked>) => {
    const plan = planOf(router(), call);
    return { policy: plan.route.policy, targets: prospectsOf(plan) };
  };
  const answered = (call: Call<Asked>) => countAnswered(traffic.limits, metrics, call);
  const { renewals } = traffic;
  const cached = { current: () => traffic.cache, prospect, answered, renewals, newId, metrics };
  const keyed = { book: traffic.keyBook, prospect, answered, routingOf, metrics };
  const around = { ...parts, journey, cached, keyed };
  const generate = chained(around, completions, ({ generate }) => generate, restartable);
  return {
    handlers: new CompletionHandlers({
      ...shared,
      dispatch: generate,
      count: beside(parts, counted),
      preview: beside(parts, previewed),
      router,
      callless: lines.callless,
      streams,
      readerAdmitted: (rpc, takesPlace) => admitReader(traffic.limits, metrics, { id: newId(), rpc }, takesPlace),
    }),
    embedding: { ...shared, dispatch: chained(around, embeddings, ({ embed }) => embed) },
    reranking: { ...shared, dispatch: chained(around, rankings, ({ rerank }) => rerank) },
  };
}

/** What calls learn from each other: it outlives configurations. */
function journeyOf({ metrics, traffic }: OperationParts): JourneyParts {
  const { retries, hedges, chainSteps } = metrics;
  const now = () => performance.now();
  return {
    availability: traffic.health.breakers,
    readings: new Readings(now),
    budget: new RetryBudget(now),
    hedges: new HedgeBudget(now, traffic.workers),
    hedged: ({ provider }, outcome) => {
      hedges.cell(provider.id, outcome).value += 1;
    },
    turns: new Turns(),
    draw: Math.random,
    wentOn: ({ provider }, to) => {
      retries.cell(provider.id, to).value += 1;
    },
    stepped: (chain, step, reason) => {
      chainSteps.cell(chain, String(step), reason?.toLowerCase() ?? "ok").value += 1;
    },
  };
}

/** What stands around every operation. */
interface Around extends OperationParts {
  readonly journey: JourneyParts;
  readonly cached: CacheOptions;
  readonly keyed: IdempotencyOptions;
}

/** An operation of providers with what happens once per call, and once per attempt. */
function chained<Request extends Asked, R extends Served, A extends Answer>(
  { logger, metrics, router, traffic, extensions, journey, cached, keyed }: Around,
  kind: AnswerKind<R, A>,
  of: (provider: Provider) => Dispatch<Attempt<Request>, R> | undefined,
  restart?: Restart<Request, R>,
): Dispatch<Call<Request>, R> {
  const operation: Dispatch<Attempt<Request>, R> = (attempt) => {
    const { provider } = attempt.target;
    return of(provider)?.(attempt) ?? Promise.reject(lacking(provider.id, kind.operation));
  };
  return extensions.around((own) => {
    const attempts = compose(
      [...own.attempt, ...attemptChain(metrics, traffic.health, traffic.overload.lanes)],
      operation,
    );
    const dispatch = dispatcher(router, journey, attempts, restart);
    const asked = compose([...own.afterCache, ...askChain(metrics, traffic.limits)], dispatch);
    const told = callChain(logger, metrics);
    const answered = cache<Request, R, A>(kind, cached, compose(told, asked))(asked);
    return compose([...told, ...own.beforeCache], idempotent<Request, R, A>(kind, keyed)(answered));
  });
}

/** What is asked beside a call: once, of the first target, and of no cache. Extensions see it as they see the call. */
function beside<R extends Served>(
  { router, extensions, traffic }: OperationParts,
  ask: Dispatch<Attempt, R>,
): Dispatch<Call, R> {
  return extensions.around((own) => {
    const attempt = compose(own.attempt, ask);
    return compose([...own.beforeCache, ...own.afterCache], async (call) =>
      attempt(firstAttempt(call, planOf(router(), call), traffic.health.breakers)),
    );
  });
}

/** Unguessable. */
function newId(): string {
  return `cmp_${randomHex()}`;
}
