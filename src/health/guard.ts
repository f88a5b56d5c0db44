import type { Blame } from "../model/blame.ts";
import { blameOf } from "../model/blame.ts";
import { BoundedMap } from "../model/bounded-map.ts";
import type { GatewayError } from "../model/error.ts";
import type { Provider } from "../model/target.ts";
import { Circuit, type CircuitParts, type CircuitState, type Verdict } from "./circuit.ts";
import { type Cooldown, Cooldowns, cooldownMsMax } from "./cooldowns.ts";

/** Models of one provider that have a circuit: some 8 kB each, and callers invent names. */
const modelsMax = 1000;
/** Wait after a 429 that does not say how long. */
const cooldownMs = 2000;
/** After HTTP 402, which may be about the size of one request: more than is left is refused where less would be served. */
const paymentMs = 10_000;
/** Health checks that may fail in a row; one may be lost on the way. */
const checksFailedMax = 1;

/** What a circuit guards. */
export type Scope = "endpoint" | "credential" | "model";

/** What keeps a target from being tried. */
export type Obstacle =
  | { readonly scope: Scope; readonly waitMs: number }
  | { readonly cooldown: Cooldown; readonly waitMs: number };

/** What a guard works with. */
export interface GuardParts extends Omit<CircuitParts, "changed"> {
  /** Told when a circuit has changed; `model` is empty unless that is its scope. */
  readonly changed: (scope: Scope, model: string, state: CircuitState) => void;
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

/** Circuits and cooldowns of one open provider: they begin anew when it is opened with other settings. */
export class Guard {
  readonly cooldowns: Cooldowns;
  readonly #provider: Provider;
  readonly #parts: GuardParts;
  readonly #endpoint: Circuit;
  readonly #credential: Circuit;
  readonly #models = new BoundedMap<Circuit>(modelsMax, (circuit) => circuit.end());
  #checksFailed = 0;

  constructor(provider: Provider, parts: GuardParts) {
    this.#provider = provider;
    this.#parts = parts;
    this.cooldowns = new Cooldowns(parts.nowMs);
    this.#endpoint = this.#circuit("endpoint");
    this.#credential = this.#circuit("credential");
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
    const trials = scopes.map((scope) => this.#find(scope, model)?.begin() ?? 0);
    return {
      answered: () => {
        // A stream may take minutes: its first content decides a trial, its end counts as that of any other.
        for (const [i, trial] of trials.entries()) {
          if (trial === 0) continue;
          trials[i] = 0;
          this.#find(scopes[i] ?? "model", model)?.note("ok", trial);
        }
      },
      ended: (error) => this.#ended(model, trials, error),
    };
  }

  /**
   * A health check has ended. One that succeeds closes the circuits of the address and of the credential, two in a row that
   * fail open the one that they speak against. About models they say nothing.
   */
  checked(error: GatewayError | undefined): void {
    if (error === undefined) {
      this.#checksFailed = 0;
      this.#endpoint.close();
      this.#credential.close();
      return;
    }
    const scope = checkedScope(error);
    if (scope === undefined || ++this.#checksFailed <= checksFailedMax) return;
    this.#find(scope, "")?.open();
  }

  /** Worst state of the circuits of a scope. */
  worst(scope: Scope): CircuitState {
    if (scope !== "model") return this.#find(scope, "")?.state ?? "closed";
    let worst: CircuitState = "closed";
    for (const { state } of this.#models.values()) {
      if (state === "open") return "open";
      if (state === "half_open") worst = "half_open";
    }
    return worst;
  }

  /** State of a model's own circuit. */
  stateOf(model: string): CircuitState {
    return this.#models.peek(model)?.state ?? "closed";
  }

  /** No timer is left. Attempts under way may still report. */
  end(): void {
    for (const circuit of [this.#endpoint, this.#credential, ...this.#models.values()]) circuit.end();
  }

  #ended(model: string, trials: readonly number[], error: GatewayError | undefined): void {
    const blame = error && blameOf(error, this.#provider);
    if (error !== undefined && blame === "rate") this.#cool(model, error.retryMs ?? cooldownMs, false);
    // An account is not filled within seconds.
    if (blame === "quota") this.#cool(model, error?.upstream.status === 402 ? paymentMs : cooldownMsMax, true);
    for (const [i, scope] of scopes.entries()) {
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
    if (scope === "endpoint") return this.#endpoint;
    if (scope === "credential") return this.#credential;
    if (!make) return this.#models.peek(model);
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const circuit = this.#circuit("model", model);
    this.#models.set(model, circuit);
    return circuit;
  }

  #circuit(scope: Scope, model = ""): Circuit {
    return new Circuit({ ...this.#parts, changed: (state) => this.#parts.changed(scope, model, state) });
  }
}

const scopes: readonly Scope[] = ["endpoint", "credential", "model"];

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
