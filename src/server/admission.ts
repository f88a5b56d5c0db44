import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Caller, Rpc } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { ApiKeys } from "./api-keys.ts";
import { callerTimeoutMs, effectiveTimeoutMs, timeoutMsMax } from "./deadline.ts";
import { RpcScope } from "./rpc-scope.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Methods that need no key, go on during the drain, and have no longest time: probes and descriptions. */
const openPrefixes = ["grpc.health.v1.Health/", "grpc.reflection.", "GET /live", "GET /ready", "GET /health"];

/** Methods for operators: every key that may not make them is refused, and so is everybody where there are no keys. */
const adminPrefix = "llmhub.admin.";

const anyone: Caller = { keyId: "", tenantId: "", models: undefined };

/** What only the transport knows of a call. */
export type Line = Pick<Rpc, "peerAddress" | "answerHeader">;

const noLine: Line = { peerAddress: () => "", answerHeader: () => undefined };

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
  /** Who may say where a call comes from. Absent: nobody but the connection. */
  readonly proxies?: TrustedProxies | undefined;
  /** The clock of performance.now(). */
  readonly now: () => number;
}

/** Decides by the headers alone, before anything of a message is read, who calls and for how long. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #scopes = new Set<RpcScope>();
  readonly #left = (scope: RpcScope): void => {
    this.#scopes.delete(scope);
  };

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Calls admitted and not ended. */
  get inFlight(): number {
    return this.#scopes.size;
  }

  /**
   * Opens a call; whoever gets the scope must end it.
   * @param path "/llmhub.v1.CompletionService/Complete".
   * @throws GatewayError with "x-request-id" in its metadata: GATEWAY_DRAINING, CREDENTIALS_MISSING, API_KEY_*,
   *   INVALID_REQUEST, DEADLINE_EXCEEDED.
   */
  admit(headers: IncomingHttpHeaders, path: string, line: Line = noLine): RpcScope {
    const requestId = requestIdOf(headers["x-request-id"]);
    try {
      return this.#admit(headers, path.slice(1), requestId, line);
    } catch (error) {
      const failure = GatewayError.of(error);
      failure.metadata.set("x-request-id", requestId);
      throw failure;
    }
  }

  /** Ends calls of probes: a health watch has no end of its own, and would hold up the drain. */
  abortProbes(reason: GatewayError): void {
    for (const scope of [...this.#scopes]) if (isOpen(scope.rpc.method)) scope.abort(reason);
  }

  /** Ends all calls that are open. */
  abortAll(reason: GatewayError): void {
    for (const scope of [...this.#scopes]) scope.abort(reason);
  }

  #admit(headers: IncomingHttpHeaders, method: string, requestId: string, line: Line): RpcScope {
    const { keys, deadlineMaxMs, draining, now } = this.#options;
    const open = isOpen(method);
    if (!open && draining()) {
      throw new GatewayError(
        "GATEWAY_DRAINING",
        "this gateway is shutting down - repeat the call on another connection",
      );
    }
    const known = open ? undefined : keys();
    const caller = known === undefined ? anyone : known.identify(credential(headers));
    if (method.startsWith(adminPrefix)) this.#checkOperator(caller, known === undefined);
    const peerAddress = this.#addressOf(headers["x-forwarded-for"], line.peerAddress);
    const longestMs = open ? timeoutMsMax : deadlineMaxMs;
    const askedMs = callerTimeoutMs(headers);
    const timeoutMs = effectiveTimeoutMs(askedMs, longestMs);
    const scope = new RpcScope(
      { ...line, peerAddress, method, requestId, caller, startMs: now(), cacheControl: headers["cache-control"] },
      timeoutMs,
      Math.min(askedMs ?? longestMs, longestMs),
      this.#left,
    );
    this.#scopes.add(scope);
    return scope;
  }

  /** What is forwarded is read only when somebody asks. */
  #addressOf(forwardedFor: string | string[] | undefined, ofPeer: () => string): () => string {
    const { proxies } = this.#options;
    if (proxies === undefined || forwardedFor === undefined) return ofPeer;
    return () => proxies.callerOf(forwardedFor, ofPeer());
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
  return openPrefixes.some((prefix) => method.startsWith(prefix));
}

function requestIdOf(value: string | string[] | undefined): string {
  return typeof value === "string" && /^[A-Za-z0-9._-]{1,128}$/.test(value) ? value : randomUUID();
}

/** The secret that a caller shows, from either of the two headers. */
function credential(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  const apiKey = headers["x-api-key"];
  if (authorization === undefined && apiKey === undefined) {
    throw new GatewayError("CREDENTIALS_MISSING", "an API key is needed - send it as authorization Bearer lh_...");
  }
  const bearer = authorization === undefined ? undefined : /^bearer +([^\s,]+)$/i.exec(authorization)?.[1];
  if (authorization !== undefined && bearer === undefined) {
    throw new GatewayError("API_KEY_INVALID", "the authorization header is not of the form Bearer lh_...");
  }
  const secret = bearer ?? apiKey;
  if (typeof secret !== "string" || (apiKey !== undefined && apiKey !== secret)) {
    throw new GatewayError("API_KEY_INVALID", "the call shows two different API keys - send one of them only");
  }
  return secret;
}
