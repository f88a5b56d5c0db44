import { createHash } from "node:crypto";
import type { Availability } from "../model/availability.ts";
import { type Blame, blameOf } from "../model/blame.ts";
import type { GatewayError } from "../model/error.ts";
import type { Target } from "../model/target.ts";
import type { Candidate } from "./route.ts";
import type { Turns } from "./view.ts";

/** What a pick among credentials goes by. */
export interface PickParts {
  readonly availability: Availability;
  readonly turns: Turns;
  /** What the call sticks to; empty: the credentials take turns. */
  readonly sticky: string;
  /** Told of each credential that is out. */
  readonly skipped: (target: Target) => void;
}

/**
 * The candidate with one of its credentials: of those that are not out the one whose turn it is, or the one that the call
 * sticks to, for the sake of prompt caches. The others stay for when that one fails. If all are out, the one that will be
 * back first, which can tell why.
 */
export function withCredential(candidate: Candidate, { availability, turns, sticky, skipped }: PickParts): Candidate {
  const { twins, ...rest } = candidate;
  if (twins === undefined) return candidate;
  const waits = twins.map((twin) => availability.waitMs(twin));
  const soonestMs = Math.min(...waits);
  const usable = twins.filter((_, i) => (waits[i] ?? 0) <= Math.max(0, soonestMs));
  for (const twin of twins) if (!usable.includes(twin)) skipped(twin);
  const ordered = sticky === "" ? inTurn(usable, turns) : usable.toSorted((a, b) => lot(sticky, a) - lot(sticky, b));
  const [target = candidate.target, ...spares] = ordered;
  return { ...rest, target, spares };
}

/**
 * The candidate with its next credential, if the failure speaks against the last one alone: against the key, its rate or
 * its account. What fails for the address or the model fails with every credential.
 */
export function nextCredential(
  { spares = [], ...rest }: Candidate,
  error: GatewayError,
  availability: Availability,
): Candidate | undefined {
  if (spares.length === 0 || !isOfCredential(error, rest.target)) return undefined;
  const target = spares.find((spare) => availability.waitMs(spare) <= 0);
  return target && { ...rest, target, spares: spares.filter((spare) => spare !== target) };
}

/** Provider calls that reach each credential of each candidate once. */
export function callsThrough(candidates: readonly Candidate[]): number {
  let calls = 0;
  for (const { twins } of candidates) calls += twins?.length ?? 1;
  return calls;
}

const ofCredential: ReadonlySet<Blame | undefined> = new Set<Blame>(["credential", "rate", "quota"]);

/** A circuit may open while an attempt waits for its turn. */
function isOfCredential(error: GatewayError, { provider }: Target): boolean {
  return ofCredential.has(blameOf(error, provider)) || error.info["cause"] === "circuit_credential";
}

function inTurn(twins: readonly Target[], turns: Turns): readonly Target[] {
  if (twins.length < 2) return twins;
  const first = turns.next(`credentials of ${twins[0]?.selector}`) % twins.length;
  return [...twins.slice(first), ...twins.slice(0, first)];
}

/** The lowest belongs to each credential for an equal part of all keys; when one goes, only its keys move. */
function lot(key: string, { provider, selector }: Target): number {
  return createHash("sha256").update(`${selector}\n${provider.credential}\n${key}`).digest().readUIntBE(0, 6);
}
