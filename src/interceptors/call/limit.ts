import { QuotaFailureSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Admission } from "../../limits/admission.ts";
import type { Limits } from "../../limits/limits.ts";
import type { Metric, Rule } from "../../limits/rule.ts";
import type { Reading, Refusal } from "../../limits/verdict.ts";
import type { Asked, Call } from "../../model/call.ts";
import type { Interceptor } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";
import { spanned } from "../../model/trace.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

/** Who takes headers of an answer, or of an error. */
interface Headed {
  answerHeader(name: string, value: string): void;
}

const headerNames = { requests: headerNamesOf("requests"), tokens: headerNamesOf("tokens") };

function headerNamesOf(metric: Metric) {
  return {
    limit: `x-ratelimit-limit-${metric}`,
    remaining: `x-ratelimit-remaining-${metric}`,
    reset: `x-ratelimit-reset-${metric}`,
  };
}

/** Refuses calls beyond the limits; what a call took and did not use is given back when it has ended. */
export function limit(limits: Limits, metrics: Metrics): Interceptor<Call<Asked>> {
  return (next) => (call) => {
    const admitting = limits.admit(call);
    if (admitting === undefined) return next(call);
    return spanned(call.rpc.span, "limit", () => admitting).then(async (admission) => {
      if (admission === undefined) return next(call);
      tell(admission, call, metrics);
      const reply = await next(call).catch((error: unknown) => {
        admission.settle(usedBefore(error));
        throw error;
      });
      void reply.outcome.then((outcome) => admission.settle(usedBy(reply, outcome)));
      if (call.stream && admission.grows) limits.follow(admission, () => usedByNow(reply), reply.outcome);
      return reply;
    });
  };
}

/** Counts a call that is answered without a provider as a request of its caller. Throws if that is beyond a limit. */
export async function countAnswered(limits: Limits, metrics: Metrics, call: Call<Asked>): Promise<void> {
  const admission = await limits.admitAnswered(call);
  if (admission !== undefined) tell(admission, call, metrics);
}

/**
 * Counts a reader of a kept stream as a request of its caller, and among its calls at once if it takes a place. Rejects
 * if that is beyond a limit; undefined where no limit can concern it.
 */
export function admitReader(
  limits: Limits,
  metrics: Metrics,
  reader: Pick<Call, "id" | "rpc">,
  takesPlace: boolean,
): Promise<{ release(): void }> | undefined {
  return limits.admitReader(reader, takesPlace)?.then((admission) => {
    if (admission !== undefined) tell(admission, reader, metrics);
    return { release: () => admission?.settle(0) };
  });
}

/** Tells the caller what is left. Throws if it was too little. */
function tell(admission: Admission, { rpc }: Pick<Call, "rpc">, metrics: Metrics): void {
  if (admission.refusal !== undefined) {
    const { scope, metric } = admission.refusal.draw.rule;
    metrics.rateLimited.cell(scope, metric).value += 1;
    throw refused(admission.refusal, admission);
  }
  tellLeft("requests", admission, rpc);
  tellLeft("tokens", admission, rpc);
}

/** Tokens that attempts used before their call failed; none that were refused at once. */
function usedBefore(error: unknown): number {
  return sumOf(GatewayError.of(error).failure?.attempts ?? []);
}

function usedBy({ attempt }: Served, { usage }: Outcome): number {
  return sumOf(attempt.failures) + tokensOf(usage);
}

/** Without the input of the attempt that answers, which its admission knows. */
function usedByNow({ attempt, outputTokens = 0 }: Served): number {
  return sumOf(attempt.failures) + outputTokens;
}

function sumOf(attempts: readonly { readonly usage?: Usage | undefined }[]): number {
  return attempts.reduce((sum, { usage }) => sum + tokensOf(usage), 0);
}

function tokensOf(usage: Usage | undefined): number {
  return usage === undefined ? 0 : usage.inputTokens + usage.outputTokens;
}

function refused({ draw, waitMs }: Refusal, admission: Admission): GatewayError {
  const { rule, limit, cost } = draw;
  const subject = subjectName(rule, draw.subject);
  const window = rule.per ?? "now";
  const error = new GatewayError(
    rule.metric === "concurrent" ? "CONCURRENCY_LIMITED" : "RATE_LIMITED",
    waitMs === undefined
      ? `the call may need ${cost} ${rule.metric}, and ${subject} may use ${limit} per ${window} - make it smaller`
      : `${subject} has used its limit of ${limitText(rule, limit)}`,
    {
      metadata: { subject, metric: rule.metric, window, limit: String(limit) },
      retryMs: waitMs ?? "never",
    },
  );
  const toError = { answerHeader: (name: string, value: string) => error.metadata.set(name, value) };
  tellLeft("requests", admission, toError);
  tellLeft("tokens", admission, toError);
  const description = `at most ${limitText(rule, limit)}`;
  return error.detail(QuotaFailureSchema, {
    violations: [
      {
        subject,
        description,
        quotaMetric: rule.metric,
        quotaId: `${rule.scope}-${rule.metric}-per-${window}`,
        quotaValue: BigInt(limit),
      },
    ],
  });
}

function limitText({ metric, per }: Rule, limit: number): string {
  return per === undefined ? `${limit} calls at once` : `${limit} ${metric} per ${per}`;
}

function subjectName({ scope }: Rule, subject: string): string {
  switch (scope) {
    case "key":
      return `apiKeys/${subject}`;
    case "tenant":
      return `tenants/${subject}`;
    case "provider":
      return `providers/${subject}`;
    case "model":
      return `providers/${subject.replace("/", "/models/")}`;
    case "ip":
      return `addresses/${subject}`;
  }
}

/** Tells of the tightest limit on requests, or on tokens, as clients of OpenAI know them. */
function tellLeft(metric: "requests" | "tokens", { draws, readings }: Admission, to: Headed): void {
  let limit = 0;
  let tightest: Reading | undefined;
  for (let i = 0; i < draws.length; i++) {
    const draw = draws[i];
    const reading = readings[i];
    if (draw === undefined || reading === undefined || draw.rule.metric !== metric) continue;
    if (tightest !== undefined && reading.remaining >= tightest.remaining) continue;
    tightest = reading;
    limit = draw.limit;
  }
  if (tightest === undefined) return;
  const names = headerNames[metric];
  to.answerHeader(names.limit, String(limit));
  to.answerHeader(names.remaining, String(tightest.remaining));
  to.answerHeader(names.reset, durationText(tightest.resetMs));
}

/** "1h2m3.5s", "17ms". */
function durationText(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}
