import type { Availability } from "../model/availability.ts";
import type { Asked, Call } from "../model/call.ts";
import type { Target } from "../model/target.ts";
import { callsThrough } from "./credential-pick.ts";
import { type HedgeLimits, type HedgeParts, Hedging, mayHedge } from "./hedging.ts";
import type { History } from "./history.ts";
import type { Plan, PlannedStep } from "./planner.ts";
import { attemptsOf } from "./retry.ts";
import { type Candidate, requestIn, type Step } from "./route.ts";
import type { Stage } from "./stage.ts";
import { order } from "./strategies.ts";
import { CallView } from "./view.ts";

/** What a stage is opened with. */
export interface Opening<Request extends Asked> {
  readonly call: Call<Request>;
  readonly plan: Plan;
  readonly history: History;
  readonly parts: HedgeParts & { readonly draw: () => number };
}

/** A step of the plan as it begins: its targets in the order in which they are to be tried. */
export function openStage<Request extends Asked>(
  opening: Opening<Request>,
  planned: PlannedStep,
  index: number,
  endMs: number,
): Stage<Request> {
  const { plan, history, parts } = opening;
  const { step, strategy, candidates, fallbacks } = planned;
  const call = overridden(opening.call, step);
  const all = fallbacks.length === 0 ? unique(candidates) : unique([...candidates, ...fallbacks]);
  // A target without others is tried in any case: if it is out, it says so better.
  const available = all.length === 1 ? all : worthTrying(opening, all);
  const own = fallbacks.length === 0 ? available : available.filter((each) => candidates.includes(each));
  const view = new CallView(call, step, parts);
  const untried = order(strategy, own, view, parts.draw).concat(available.slice(own.length));
  const { attemptsMax: wanted } = plan;
  const triedBefore = history.tried;
  const stage: Stage<Request> = {
    call,
    step,
    endMs: step.maxLatencyMs === undefined ? endMs : Math.min(endMs, performance.now() + step.maxLatencyMs),
    attemptsMax: attemptsOf(step.retry, callsThrough(own), untried.length - own.length, wanted && wanted - triedBefore),
    sticky: view.sticky,
    strategy: candidates.length > 1 ? strategy : undefined,
    triedBefore,
    targetsAfter: targetsAfter(plan, index),
    untried,
    repeatable: [],
    hedging: undefined,
    repeats: 0,
  };
  if (triedBefore === 0) stage.hedging = hedgingOf(parts, call, step, stage);
  return stage;
}

/** Candidates of the steps after this one, if they may follow when it takes too long. */
function targetsAfter({ steps }: Plan, index: number): number {
  const step = steps[index]?.step;
  if (index + 1 >= steps.length || step === undefined || !goesOnLate(step)) return 0;
  return steps.slice(index + 1).reduce((sum, { candidates }) => sum + candidates.length, 0);
}

/** Those that are worth a try now; else the one that will be first, which can tell why it is not. */
function worthTrying(
  { history, parts: { availability } }: Opening<Asked>,
  candidates: readonly Candidate[],
): readonly Candidate[] {
  const waits = candidates.map((each) => waitOf(each, availability));
  if (waits.every((waitMs) => waitMs <= 0)) return candidates;
  const soonest = Math.min(...waits);
  const first = waits.indexOf(soonest);
  return candidates.filter(({ target, twins = [target] }, index) => {
    if (soonest <= 0 ? (waits[index] ?? 0) <= 0 : index === first) return true;
    for (const twin of twins) passOver({ availability, history }, twin);
    return false;
  });
}

/** Until one of its credentials may be tried. */
function waitOf({ target, twins }: Candidate, availability: Availability): number {
  if (twins === undefined) return availability.waitMs(target);
  return Math.min(...twins.map((twin) => availability.waitMs(twin)));
}

/** Takes note of a target that is out. */
export function passOver(
  { availability, history }: { readonly availability: Availability; readonly history: History },
  target: Target,
): void {
  const obstruction = availability.obstruction(target);
  if (obstruction !== undefined) history.skipped(target, obstruction);
}

function hedgingOf(
  parts: HedgeParts,
  call: Call<Asked>,
  { name, hedge }: Step,
  limits: HedgeLimits,
): Hedging | undefined {
  if (hedge === undefined || !mayHedge(hedge, call.request)) return undefined;
  return new Hedging(parts, name, hedge, call, limits);
}

/** The call with what a step of a chain puts on its request. */
function overridden<Request extends Asked>(call: Call<Request>, step: Step): Call<Request> {
  const request = requestIn(step, call.request);
  return request === call.request ? call : { ...call, request };
}

/** Whether other steps may follow one that took too long, so that some time is to be left for them. */
function goesOnLate({ fallThroughOn }: Step): boolean {
  return fallThroughOn === undefined || fallThroughOn.has("PROVIDER_TIMEOUT");
}

/** Each target once, where it stands first. */
function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const seen = new Set<string>();
  return candidates.filter(({ target: { selector } }) => !seen.has(selector) && seen.add(selector));
}
