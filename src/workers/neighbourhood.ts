import { GatewayError } from "../model/error.ts";
import type { Duties, Neighbours } from "../neighbours.ts";
import { type Line, LineFailure, type Serving } from "./line.ts";
import { tokenEndOf } from "./token-end.ts";
import type { ToHolder, ToWorker } from "./topics.ts";

/** Longest wait for all others to drop their answers. */
const flushMs = 2000;
/** Longer than the other worker is waited for, or the one between would be taken for silent, and with it all that it holds. */
const streamMs = 1500;

/** What a worker answers by its duties alone. */
type Dutiful = Omit<ToWorker, "load" | "start" | "reload" | "drain">;

/** The neighbours of a worker, at the other end of its line. @param serve takes the duties once there are some. */
export function neighboursOn(
  line: Line<ToHolder, ToWorker>,
  { worker, count }: { readonly worker: number; readonly count: number },
  serve: (duties: Duties) => void,
): Neighbours {
  return {
    worker,
    count,
    tokenEnd: tokenEndOf(worker),
    serve,
    limits: {
      get isUp() {
        return line.isUp;
      },
      admit: (reservation) => line.ask("limits.admit", reservation),
      raise: ({ id }, units) => line.tell("limits.raise", { id, units }),
      // What arrives later than an admission that was given up is settled all the same: the line keeps the order.
      settle: ({ id, lifeMs }, units) => {
        if (lifeMs > 0) line.tell("limits.settle", { id, units });
      },
    },
    keys: {
      records: {
        get: (name) => line.ask("keys.get", name),
        set: (name, record, keeping) => line.ask("keys.set", { name, record, keeping }),
      },
      lock: {
        take: (name, token) => line.ask("keys.take", { name, token }),
        extend: (name, token) => line.ask("keys.extend", { name, token }),
        leave: async (name, token, isOpen) => void (await line.ask("keys.leave", { name, token, isOpen })),
      },
    },
    streams: {
      newest: (token) => line.ask("streams.newest", token, streamMs),
      read: (token, after) => line.ask("streams.read", { token, after }, streamMs),
      attend: (token) => line.ask("streams.attend", token, streamMs),
    },
    tell: (news) => line.tell("news", news),
    flush: (tags) => line.ask("flush", tags, flushMs).catch((cause) => Promise.reject(notAllDropped(cause))),
    readings: () => line.ask("readings", undefined, flushMs).catch(() => []),
  };
}

/** What a worker does for the others. @param duties undefined before it serves. */
export function dutiesOn(duties: () => Duties | undefined): Serving<Dutiful> {
  const now = () => {
    const some = duties();
    if (some === undefined) throw new LineFailure("the worker does not serve yet");
    return some;
  };
  return {
    readiness: () => now().readiness(),
    metrics: () => now().metrics(),
    news: (news) => now().follow(news),
    probe: (isProbing) => now().probe(isProbing),
    flush: (tags) => now().flush(tags),
    reading: () => now().reading(),
    "streams.newest": (token) => now().streams.newest(token),
    "streams.read": ({ token, after }) => now().streams.read(token, after),
    "streams.attend": (token) => now().streams.attend(token),
  };
}

function notAllDropped(cause: unknown): GatewayError {
  const message = "not all answers are dropped, because a worker does not answer - repeat the call";
  return new GatewayError("GATEWAY_DEPENDENCY_UNAVAILABLE", message, { metadata: { component: "workers" }, cause });
}
