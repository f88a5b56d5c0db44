import type { Readiness } from "../../services/readiness.ts";
import { type Answer, always, type Route } from "../route.ts";
import { hubWords } from "./words.ts";

/** Whether the gateway lives and wants calls, for load balancers that look at the port of calls. They need no key. */
export function probeRoutes(readiness: Readiness): readonly Route[] {
  const live: () => Answer = () => told(200, "ok");
  const ready: () => Answer = () => (readiness.ready ? told(200, "ok") : told(503, "not ready"));
  return [probe("/live", live), probe("/ready", ready), probe("/health", ready)];
}

function probe(path: "/live" | "/ready" | "/health", answer: () => Answer): Route {
  return {
    method: "GET",
    path,
    chained: false,
    words: always(hubWords),
    read: () => async () => answer(),
  };
}

function told(status: number, word: string): Answer {
  return { kind: "whole", status, body: JSON.stringify({ status: word }), headers: { "cache-control": "no-store" } };
}
