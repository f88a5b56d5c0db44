import type { IncomingHttpHeaders } from "node:http";
import type { Caller, Rpc } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Span, TraceContext } from "../model/trace.ts";
import { traceContextOf } from "../telemetry/tracing/trace-headers.ts";
import type { Tracer } from "../telemetry/tracing/tracer.ts";
import type { ApiKeys } from "./api-keys.ts";
import { callerTimeoutMs, effectiveTimeoutMs, timeoutMsMax } from "./deadline.ts";
import { idempotencyKeyOf } from "./idempotency-key.ts";
import type { Identities } from "./identities.ts";
import type { Connection } from "./peer-address.ts";
import { randomUuid } from "./random-id.ts";
import { type CallLine, type Entrant, RpcScope } from "./rpc-scope.ts";
import { beginOf, endOf } from "./rpc-span.ts";
import { keyMissing, shownKey } from "./shown-key.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Methods that need no key, go on during the drain, and have no longest time: probes and descriptions. */
const openPrefixes = [
  "grpc.health.v1.Health/",
  "grpc.reflection.",
  "GET /live",
  "GET /ready",
  "GET /health",
  "GET /openapi.json",
  "GET /docs",
];

/** Methods for operators: every key that may not make them is refused, and so is everybody where there are no keys. */
const adminPrefix = "llmhub.admin.";

/** Prefix of nearly all calls, none of which is open. */
const ownPrefix = "llmhub.v1.";

const anyone: Caller = { keyId: "", tenantId: "", models: undefined };

/** Calls ended at once for the memory they hold: so many of those in flight, and at least one. */
const relievedPart = 0.05;

/**
 * How often deadlines are looked at, in milliseconds. A timer for each call costs much, and nearly none is needed: only a
 * deadline that is less than two looks away gets one, which is as exact as any.
 */
const lookMs = 1000;

/** What only the transport knows of a call. */
export interface Line extends CallLine, Pick<Rpc, "peerAddress" | "answerHeader" | "dialect"> {
  /** Absent: it is not known. */
  readonly connection?: Connection | undefined;
}

const noLine: Line = { peerAddress: () => "", answerHeader: () => undefined, heldBytes: () => 0 };

/** Lets in as many calls as can be carried out. */
export interface Door {
  /** Undefined: the call may go ahead. Throws if it may not even wait. */
  enter(caller: Caller, startMs: number, deadlineMs: number): Entrant | undefined;
  /** A call for which `enter` did not throw is over; the reason, if something cut it short. */
  leave(caller: Caller, entrant: Entrant | undefined, reason: GatewayError | undefined): void;
  /** @param relieve ends the calls that hold the most memory, and gives their number. */
  whenCritical(relieve: (reason: GatewayError) => number): void;
}

/** What is known of a call before it is let in. */
interface Known extends Pick<Rpc, "method" | "requestId" | "startMs"> {
  readonly open: boolean;
  readonly span: Span | undefined;
  readonly trace: TraceContext | undefined;
}

/** What admission decides by. */
export interface AdmissionOptions {
  /** Undefined: authentication is off, everyone may call everything. */
  readonly keys: () => ApiKeys | undefined;
  /** Everyone may make the calls of operators while authentication is off. */
  readonly adminWithoutKey: () => boolean;
  /** Longest time for a call, and the time of a call that brings no deadline. */
  readonly deadlineMaxMs: number;
  /** The gateway takes no new calls. */
  readonly draining: () => boolean;
  /** Web pages that may call where no key is asked for. Absent: all. */
  readonly mayCall?: (origin: string) => boolean;
  /** Who may say where a call comes from. Absent: nobody but the connection. */
  readonly proxies?: TrustedProxies | undefined;
  /** Who calls where no key is shown. Absent: nobody is known without one. */
  readonly identities?: Identities | undefined;
  /** Absent: every call is let in. Probes, descriptions and calls of operators always are. */
  readonly door?: Door;
  /** Absent: no call is recorded. */
  readonly tracer?: () => Tracer | undefined;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/**
 * Decides by the headers alone, before anything of a message is read, who calls and for how long. Hot path: no timer for a
 * deadline that is far, and no closure but where a proxy says where the call comes from.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #scopes = new Set<RpcScope>();
  #lookTimer: NodeJS.Timeout | undefined;
  /** Waits for the last call to leave. */
  readonly #waiting = new Set<() => void>();
  readonly #look = (): void => this.#looked();
  readonly #leftFree = (scope: RpcScope): void => {
    this.#delete(scope);
  };
  readonly #left = (scope: RpcScope, reason: GatewayError | undefined): void => {
    this.#delete(scope);
    this.#options.door?.leave(scope.rpc.caller, scope.entrant, reason);
  };

  constructor(options: AdmissionOptions) {
    this.#options = options;
    options.door?.whenCritical((reason) => this.#abortLargest(reason));
  }

  /** Calls admitted and not ended. */
  get inFlight(): number {
    return this.#scopes.size;
  }

  /**
   * Opens a call; whoever gets the scope must end it, and wait for its entrant.
   * @param path "/llmhub.v1.CompletionService/Complete".
   * @throws GatewayError: GATEWAY_DRAINING, CREDENTIALS_MISSING, API_KEY_*, INVALID_REQUEST, DEADLINE_EXCEEDED, each with
   *   "x-request-id" in its metadata; GATEWAY_OVERLOADED, which is shared.
   */
  admit(headers: IncomingHttpHeaders, path: string, line: Line = noLine): RpcScope {
    const requestId = requestIdOf(headers["x-request-id"]);
    const method = path.slice(1);
    const startMs = this.#options.now();
    const caller = headers["traceparent"] === undefined ? undefined : traceContextOf(headers);
    const open = isOpen(method);
    const span = open ? undefined : this.#options.tracer?.()?.begin({ method, headers, startMs }, caller);
    try {
      return this.#admit(headers, line, { method, open, requestId, startMs, span, trace: span?.context ?? caller });
    } catch (error) {
      const failure = GatewayError.of(error);
      if (span !== undefined) endOf(span, { method, requestId }, failure);
      if (!failure.isShared) failure.metadata.set("x-request-id", requestId);
      throw failure;
    }
  }

  /** Resolves when no call is in flight, or after that time, which may be longer than timers are. */
  emptied(timeoutMs: number): Promise<void> {
    if (this.#scopes.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve();
      };
      const timer = setTimeout(settle, Math.min(timeoutMs, timeoutMsMax));
      this.#waiting.add(settle);
    });
  }

  #delete(scope: RpcScope): void {
    this.#scopes.delete(scope);
    if (this.#scopes.size === 0) for (const settle of this.#waiting) settle();
  }

  /** Ends calls of probes: a health watch has no end of its own, and would hold up the drain. */
  abortProbes(reason: GatewayError): void {
    for (const scope of [...this.#scopes]) if (isOpen(scope.rpc.method)) scope.abort(reason);
  }

  /** Ends all calls that are open. */
  abortAll(reason: GatewayError): void {
    for (const scope of [...this.#scopes]) scope.abort(reason);
  }

  /** Ends those that hold the most; probes hold nothing. */
  #abortLargest(reason: GatewayError): number {
    const held = [...this.#scopes]
      .filter(({ rpc }) => !isOpen(rpc.method))
      .map((scope) => [scope.line.heldBytes(), scope] as const);
    const largest = held.sort(([a], [b]) => b - a).slice(0, Math.ceil(held.length * relievedPart));
    for (const [, scope] of largest) scope.abort(reason);
    return largest.length;
  }

  #admit(headers: IncomingHttpHeaders, line: Line, { method, open, startMs, ...known }: Known): RpcScope {
    const { keys, deadlineMaxMs, draining, door } = this.#options;
    if (!open && draining()) {
      throw new GatewayError(
        "GATEWAY_DRAINING",
        "this gateway is shutting down - repeat the call on another connection",
      );
    }
    const apiKeys = open ? undefined : keys();
    const caller = apiKeys === undefined ? anyone : this.#callerOf(apiKeys, headers, line);
    if (apiKeys === undefined && !open) this.#checkOrigin(headers.origin);
    const isOperators = method.startsWith(adminPrefix);
    if (isOperators) this.#checkOperator(caller, apiKeys === undefined);
    const peerAddress = this.#addressOf(headers["x-forwarded-for"], line.peerAddress);
    const longestMs = open ? timeoutMsMax : deadlineMaxMs;
    const askedMs = callerTimeoutMs(headers);
    const idempotency = idempotencyKeyOf(headers["idempotency-key"]);
    const timeoutMs = effectiveTimeoutMs(askedMs, longestMs);
    const deadlineMs = startMs + timeoutMs;
    // Who can mend an overload is not kept out by it.
    const isFree = open || isOperators;
    const entrant = isFree ? undefined : door?.enter(caller, startMs, deadlineMs);
    const controller = new AbortController();
    const rpc: Rpc = {
      method,
      requestId: known.requestId,
      caller,
      peerAddress,
      answerHeader: line.answerHeader,
      startMs,
      deadlineMs,
      signal: controller.signal,
      dialect: line.dialect,
      cacheControl: headers["cache-control"],
      idempotency,
      trace: known.trace,
      span: known.span,
    };
    if (known.span !== undefined) beginOf(known.span, rpc, entrant);
    const scope = new RpcScope({
      rpc,
      controller,
      askedMs: Math.min(askedMs ?? longestMs, longestMs),
      entrant,
      line,
      left: isFree ? this.#leftFree : this.#left,
    });
    this.#scopes.add(scope);
    if (timeoutMs <= 2 * lookMs) scope.expireIn(timeoutMs);
    else this.#lookTimer ??= setTimeout(this.#look, lookMs).unref();
    return scope;
  }

  /**
   * Finds the deadlines that pass before the look after the next. One that passed while the process was stopped ends its call
   * at once: a timer would let a provider's time limit, which is over, too, take the blame.
   */
  #looked(): void {
    this.#lookTimer = this.#scopes.size > 0 ? setTimeout(this.#look, lookMs).unref() : undefined;
    const nowMs = this.#options.now();
    for (const scope of this.#scopes) {
      const leftMs = scope.rpc.deadlineMs - nowMs;
      if (leftMs <= 0) scope.expire();
      else if (leftMs <= 2 * lookMs) scope.expireIn(leftMs);
    }
  }

  /** What is forwarded is read only when somebody asks. */
  #addressOf(forwardedFor: string | string[] | undefined, ofPeer: () => string): () => string {
    const { proxies } = this.#options;
    if (proxies === undefined || forwardedFor === undefined) return ofPeer;
    return () => proxies.callerOf(forwardedFor, ofPeer());
  }

  /** A key that is shown counts, and counts alone: a mesh adds an identity to every call, wanted or not. */
  #callerOf(keys: ApiKeys, headers: IncomingHttpHeaders, { connection, peerAddress }: Line): Caller {
    const { identities } = this.#options;
    const isShown = headers.authorization !== undefined || headers["x-api-key"] !== undefined;
    if (isShown || identities === undefined) return keys.identify(shownKey(headers), connection);
    const { names, lack } = identities.of(headers["x-forwarded-client-cert"], { connection, peerAddress });
    if (names.length === 0) throw keyMissing(lack);
    return keys.recognize(names);
  }

  #checkOrigin(origin: string | undefined): void {
    if (origin === undefined || this.#options.mayCall?.(origin) !== false) return;
    const message =
      "web pages of this origin may not call a gateway that asks for no API key. Name it in server.cors.origins, or set auth.mode to keys";
    throw new GatewayError("PERMISSION_DENIED", message, { metadata: { resource: "origin", scope: "" } });
  }

  #checkOperator({ keyId, scopes = [] }: Caller, isKeyless: boolean): void {
    if (isKeyless ? this.#options.adminWithoutKey() : scopes.includes("admin")) return;
    const message = isKeyless
      ? "calls of operators need an API key, and authentication is off: set auth.mode to keys, or auth.adminWithoutKey"
      : "this API key may not make calls of operators. Ask for one with scopes: [admin]";
    const metadata = {
      resource: "llmhub.admin.v1",
      scope: "admin",
      ...(isKeyless ? {} : { subject: `apiKeys/${keyId}` }),
    };
    throw new GatewayError("PERMISSION_DENIED", message, { metadata });
  }
}

function isOpen(method: string): boolean {
  return !method.startsWith(ownPrefix) && openPrefixes.some((prefix) => method.startsWith(prefix));
}

/** The caller's id of a call, or one made here. */
export function requestIdOf(value: string | string[] | undefined): string {
  return typeof value === "string" && /^[A-Za-z0-9._-]{1,128}$/.test(value) ? value : randomUuid();
}
