import type { Blame } from "../model/blame.ts";
import { blameOf } from "../model/blame.ts";
import type { GatewayError } from "../model/error.ts";
import type { Provider } from "../model/target.ts";
import type { Circuit, CircuitState, Verdict } from "./circuit.ts";
import { type Cooldown, Cooldowns, cooldownMsMax } from "./cooldowns.ts";
import { circuitOf, type Place, type PlaceParts, type Scope } from "./place.ts";

/** Wait after a 429 that does not say how long. */
const cooldownMs = 2000;
/** After HTTP 402, which may be about the size of one request: more than is left is refused where less would be served. */
const paymentMs = 10_000;
/** Health checks that may fail in a row; one may be lost on the way. */
const checksFailedMax = 1;

/** What keeps a target from being tried. */
export type Obstacle =
  | { readonly scope: Scope; readonly waitMs: number }
  | { readonly cooldown: Cooldown; readonly waitMs: number };

/** What a guard works with. */
export interface GuardParts extends PlaceParts {
  /** Told of each pause that the provider asked for here. */
  readonly cooled: (model: string, forMs: number, quota: boolean) => void;
}

/** One attempt, as its guard sees it. */
export interface Visit {
  /** Its first content has come. */
  answered(): void;
  /** It is over. */
  ended(error: GatewayError | undefined): void;
}

/**
 * Circuits and cooldowns of one open provider: they begin anew when it is opened with other settings. Those of its place
 * are shared with its twins of other credentials.
 */
export class Guard {
  readonly cooldowns: Cooldowns;
  readonly place: Place;
  readonly #provider: Provider;
  readonly #parts: GuardParts;
  readonly #credential: Circuit;
  #checksFailed = 0;

  constructor(provider: Provider, place: Place, parts: GuardParts) {
    this.#provider = provider;
    this.place = place;
    this.#parts = parts;
    this.cooldowns = new Cooldowns(parts.nowMs);
    this.#credential = circuitOf(parts, "credential");
  }

  /** The longest wait for the model; undefined when it may be tried now. */
  obstacle(model: string): Obstacle | undefined {
    const cooldown = this.cooldowns.of(model);
    let found: Obstacle | undefined;
    if (cooldown !== undefined) found = { cooldown, waitMs: cooldown.untilMs - this.#parts.nowMs() };
    for (const scope of scopes) {
      const waitMs = this.#find(scope, model)?.waitMs() ?? 0;
      if (waitMs > (found?.waitMs ?? 0)) found = { scope, waitMs };
    }
    return found;
  }

  /** An attempt at a model begins that has no obstacle. */
  enter(model: string): Visit {
    let trials: number[] | undefined;
    for (let i = 0; i < scopes.length; i++) {
      const trial = this.#find(scopes[i] ?? "model", model)?.begin() ?? 0;
      if (trial === 0) continue;
      trials ??= [0, 0, 0];
      trials[i] = trial;
    }
    return new GuardedVisit(this, model, trials);
  }

  /** What the first content of an attempt says about the trials that it is; they are over then. */
  decided(model: string, trials: number[]): void {
    for (const [i, trial] of trials.entries()) {
      if (trial === 0) continue;
      trials[i] = 0;
      this.#find(scopes[i] ?? "model", model)?.note("ok", trial);
    }
  }

  /**
   * A health check has ended. One that succeeds closes the circuits of the address and of the credential, two in a row that
   * fail open the one that they speak against. About models they say nothing.
   */
  checked(error: GatewayError | undefined): void {
    if (error === undefined) {
      this.#checksFailed = 0;
      this.place.endpoint.close();
      this.#credential.close();
      return;
    }
    const scope = checkedScope(error);
    if (scope === undefined || ++this.#checksFailed <= checksFailedMax) return;
    this.#find(scope, "")?.open();
  }

  /** Goes by what another worker found out. */
  follow(scope: Scope, model: string, state: "open" | "closed"): void {
    const circuit = this.#find(scope, model, state === "open");
    if (state === "open") circuit?.open();
    else circuit?.close();
  }

  /** Worst state of the circuits of a scope. */
  worst(scope: Scope): CircuitState {
    return scope === "model" ? this.place.worstModel() : (this.#find(scope, "")?.state ?? "closed");
  }

  /** State of a model's own circuit. */
  stateOf(model: string): CircuitState {
    return this.place.model(model, false)?.state ?? "closed";
  }

  /** No timer is left but those of its place. Attempts under way may still report. */
  end(): void {
    this.#credential.end();
  }

  /** What the end of an attempt says. */
  ended(model: string, trials: readonly number[], error: GatewayError | undefined): void {
    const blame = error && blameOf(error, this.#provider);
    if (error !== undefined && blame === "rate") this.#cool(model, error.retryMs ?? cooldownMs, false);
    // An account is not filled within seconds.
    if (blame === "quota") this.#cool(model, error?.upstream.status === 402 ? paymentMs : cooldownMsMax, true);
    for (let i = 0; i < scopes.length; i++) {
      const scope = scopes[i] ?? "model";
      const verdict = verdictOn(scope, error, blame);
      this.#find(scope, model, verdict !== "nothing")?.note(verdict, trials[i] ?? 0);
    }
  }

  #cool(model: string, forMs: number, quota: boolean): void {
    this.cooldowns.cool(model, forMs, quota);
    this.#parts.cooled(model, Math.min(forMs, cooldownMsMax), quota);
  }

  /** A model has no circuit before an attempt has said something about it. */
  #find(scope: Scope, model: string, make = false): Circuit | undefined {
    if (scope === "endpoint") return this.place.endpoint;
    return scope === "credential" ? this.#credential : this.place.model(model, make);
  }
}

const scopes: readonly Scope[] = ["endpoint", "credential", "model"];
const noTrials: readonly number[] = [];

class GuardedVisit implements Visit {
  readonly #guard: Guard;
  readonly #model: string;
  /** By scope; undefined while all circuits are closed. */
  readonly #trials: number[] | undefined;

  constructor(guard: Guard, model: string, trials: number[] | undefined) {
    this.#guard = guard;
    this.#model = model;
    this.#trials = trials;
  }

  answered(): void {
    // A stream may take minutes: its first content decides a trial, its end counts as that of any other.
    if (this.#trials !== undefined) this.#guard.decided(this.#model, this.#trials);
  }

  ended(error: GatewayError | undefined): void {
    this.#guard.ended(this.#model, this.#trials ?? noTrials, error);
  }
}

/** An address that gave any response is well, whatever it said. */
function verdictOn(scope: Scope, error: GatewayError | undefined, blame: Blame | undefined): Verdict {
  if (error === undefined) return "ok";
  if (blame === scope) return "failed";
  return scope === "endpoint" && error.upstream.status > 0 ? "ok" : "nothing";
}

/** A key may be kept from the list that is asked for and be good for calls all the same. */
function checkedScope(error: GatewayError): "endpoint" | "credential" | undefined {
  const { status } = error.upstream;
  if (error.reason === "PROVIDER_CREDENTIAL_INVALID") return status === 403 ? undefined : "credential";
  return status === 0 && error.reason !== "INTERNAL" ? "endpoint" : undefined;
}
