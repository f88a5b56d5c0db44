import * as v from "valibot";
import type { Findings } from "./findings.ts";
import { integer, pattern } from "./scalar.ts";
import type { LimitConfig } from "./schema.ts";
import { section } from "./section.ts";
import { didYouMean } from "./suggestion.ts";

/** Output that is assumed of a call which bounds none: models may write 128,000, and reserving that lets nobody in. */
const reserveDefault = 4096;
/** Largest limit; algorithms stay exact up to here. */
const limitMax = 2_147_483_647;

const limit = section("At most so much for every subject of a scope.", {
  scope: v.pipe(
    v.picklist(["key", "tenant", "model", "provider", "ip"]),
    v.description(
      "Whom it counts for: API keys, the tenants they belong to, models and providers that calls go to, addresses of callers.",
    ),
  ),
  match: v.optional(
    pattern(
      /^(?:[A-Za-z0-9._:@/-]{1,255}\*?|\*)$/,
      'must be a name, such as a key id, "provider/model" or an address; "*" may stand at the end',
      'The only subjects it holds for; "*" at the end stands for any ending. Absent: all. Each counts for itself.',
    ),
  ),
  requests: v.optional(integer(1, limitMax, "Most calls.")),
  tokens: v.optional(integer(1, limitMax, "Most tokens, input and output together.")),
  concurrent: v.optional(integer(1, limitMax, "Most calls at once.")),
  per: v.optional(v.pipe(v.picklist(["minute", "hour", "day"]), v.description("The window of requests and tokens."))),
  algorithm: v.optional(
    v.pipe(
      v.picklist(["token-bucket", "fixed-window", "sliding-window"]),
      v.description(
        "token-bucket: refills evenly. fixed-window: begins anew on the clock (UTC). sliding-window: holds for any window.",
      ),
    ),
    "token-bucket",
  ),
  reserve: v.optional(
    integer(
      1,
      limitMax,
      "Output tokens taken before a call without max_output_tokens, and again when its stream has used them. Absent: 4096.",
    ),
  ),
});

/** Rate limits of callers. */
export const limits = v.pipe(
  v.array(limit),
  v.description("Limits on what callers take; all that concern a call hold."),
);

/** Limits after validation. */
export type LimitsSection = v.InferOutput<typeof limits>;

const metrics = ["requests", "tokens", "concurrent"] as const;

/** Each entry by the metrics that it limits. */
export function limitsOf(section: LimitsSection): LimitConfig[] {
  return section.flatMap(({ scope, match, algorithm, per, reserve = reserveDefault, ...numbers }) =>
    metrics.flatMap((metric) => {
      const limit = numbers[metric];
      return limit === undefined
        ? []
        : [{ scope, match, metric, limit, per: metric === "concurrent" ? undefined : per, algorithm, reserve }];
    }),
  );
}

/** Names that limits may mean, by scope; those of other scopes are not known beforehand. */
export type KnownSubjects = Readonly<Partial<Record<LimitConfig["scope"], ReadonlySet<string>>>>;

/** What one field of a limit cannot tell. */
export function checkLimits(section: LimitsSection, known: KnownSubjects, findings: Findings): void {
  const seen = new Map<string, number>();
  for (const [index, entry] of section.entries()) {
    const path = ["limits", index];
    const { scope, match, per, requests, tokens, concurrent, reserve } = entry;
    if (requests === undefined && tokens === undefined) {
      if (concurrent === undefined) findings.add(path, "limits nothing; give requests, tokens or concurrent");
      else if (per !== undefined) findings.add([...path, "per"], "has no meaning for concurrent alone; remove it");
    } else if (per === undefined) findings.add(path, "needs per: minute, hour or day");
    if (reserve !== undefined && tokens === undefined) {
      findings.add([...path, "reserve"], "has no meaning without tokens; remove it");
    }
    const names = known[scope];
    if (match !== undefined && names !== undefined && !match.endsWith("*") && !names.has(match)) {
      findings.add([...path, "match"], `names no configured ${scope}${didYouMean(match, names)}`);
    }
    for (const metric of metrics) {
      if (entry[metric] === undefined) continue;
      const key = `${scope} ${match} ${metric} ${metric === "concurrent" ? "" : per}`;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, index);
      else findings.add([...path, metric], `is limited in limits[${first}] for the same subjects; keep one`);
    }
  }
}
