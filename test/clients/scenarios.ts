/** A line of the access log: one call. */
export interface CallLine {
  readonly keyId: string;
  /** Clients name their calls by the scenario. */
  readonly requestId: string;
  /** Status, such as "OK" or "CANCELED". */
  readonly code: string;
  /** At providers. */
  readonly attempts?: number;
}

/** One thing that every client does, and prints "ok NAME" for. */
export interface Scenario {
  readonly name: string;
  /** What is wrong with how the gateway saw the calls of the scenario; undefined where nothing is, or not yet. */
  readonly seen?: (calls: readonly CallLine[]) => string | undefined;
}

/** In the order of README.md, which says what each is. */
export const scenarios: readonly Scenario[] = [
  { name: "unary", seen: ended("OK") },
  { name: "stream", seen: ended("OK") },
  { name: "tls", seen: ended("OK", "OK") },
  { name: "deadline", seen: overdue },
  { name: "cancel", seen: ended("CANCELLED") },
  { name: "error-details", seen: tried },
  // The stream itself, and the reading of its rest.
  { name: "resume", seen: ended("OK", "OK") },
  { name: "idempotency", seen: ended("OK", "OK") },
  { name: "metadata", seen: ended("OK") },
  { name: "big-message", seen: ended("OK", "OK") },
  { name: "retry", seen: retried },
  { name: "no-blind-retry", seen: ended("UNAVAILABLE") },
  { name: "read-retry", seen: ended("UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE") },
  { name: "health" },
  { name: "reflection" },
];

/** The calls end with exactly these statuses. */
function ended(...wanted: readonly string[]): NonNullable<Scenario["seen"]> {
  return (calls) => {
    const codes = calls.map(({ code }) => code);
    return codes.join() === wanted.join() ? undefined : `calls ended with [${codes}], not with [${wanted}]`;
  };
}

/** Who is refused for the request is not in the list; the other call is tried as often as the gateway does by itself. */
function tried(calls: readonly CallLine[]): string | undefined {
  const attempts = calls.map((call) => call.attempts);
  return ended("RESOURCE_EXHAUSTED")(calls) ?? (attempts[0] === 3 ? undefined : `it took [${attempts}] attempts`);
}

/** Ended by the gateway, or on a busy machine by the caller: no work goes on, whoever's clock was first. */
function overdue(calls: readonly CallLine[]): string | undefined {
  return ended("DEADLINE_EXCEEDED")(calls) && ended("CANCELLED")(calls);
}

/** Refused at least once, answered in the end, and asked no more often than the refusals' delays allow. */
function retried(calls: readonly CallLine[]): string | undefined {
  const codes = calls.map(({ code }) => code).sort();
  const refused = codes.filter((code) => code === "RESOURCE_EXHAUSTED").length;
  const right = refused >= 1 && refused <= 5 && codes.filter((code) => code === "OK").length === 2;
  return right ? undefined : `calls ended with [${codes}], not with one to five refusals and two answers`;
}
