import { HealthState } from "../gen/llmhub/v1/model_service_pb.ts";
import type { Config } from "./config/schema.ts";
import { type HealthReading, HealthWindow } from "./dispatch/health-window.ts";
import { accountName, Breakers } from "./health/breakers.ts";
import { HealthChecks } from "./health/checks.ts";
import type { CircuitState } from "./health/circuit.ts";
import type { Guard } from "./health/guard.ts";
import type { HealthNews } from "./health/news.ts";
import type { Scope } from "./health/place.ts";
import { SharedCooldowns, type SharedPause } from "./health/shared-cooldowns.ts";
import { blameOf } from "./model/blame.ts";
import type { GatewayError } from "./model/error.ts";
import type { Observation } from "./model/observation.ts";
import type { Provider, Target } from "./model/target.ts";
import { Readiness } from "./services/readiness.ts";
import type { RedisLink } from "./storage/redis.ts";
import type { Logger } from "./telemetry/logger.ts";
import type { Metrics } from "./telemetry/metrics.ts";

/** Whom it tells. */
export interface ProviderHealthParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Tells the other workers. Absent: there are none. */
  readonly tell?: ((news: HealthNews) => void) | undefined;
}

const stateNumbers: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };

/** What is known of how the providers do: from calls, and from health checks if they are made. Outlives reloads. */
export class ProviderHealth {
  /** Lets attempts through or refuses them; knows which targets are worth a try. */
  readonly breakers: Breakers;
  /**
   * Not ready while every provider is out and checks are made, which find out when one is back. Without them only calls can,
   * so that to turn calls away would be for ever.
   */
  readonly reach = new Readiness();
  readonly #metrics: Metrics;
  readonly #windows = new Map<string, HealthWindow>();
  readonly #checks: HealthChecks;
  readonly #shared = new SharedCooldowns((pause) => this.#pause(pause));
  /** All that are open of each name, one for each credential. */
  #twins: ReadonlyMap<string, readonly Provider[]> = new Map();
  #accounts: ReadonlyMap<string, Provider> = new Map();
  #checked = false;
  #checking: (() => void) | undefined;
  #isProbing = true;
  #isFollowing = false;

  constructor({ logger, metrics, tell: tellOthers }: ProviderHealthParts) {
    this.#metrics = metrics;
    this.breakers = new Breakers({
      nowMs: () => performance.now(),
      random: Math.random,
      changed: (provider, scope, model, state) => {
        this.#renewReach();
        if (this.#isFollowing) return;
        tell(logger, provider, scope, model, state);
        if (state === "half_open") return;
        tellOthers?.({ case: "circuit", circuit: { provider: accountName(provider), scope, model, state } });
      },
      cooled: (pause) => {
        this.#shared.tell(pause);
        tellOthers?.({ case: "pause", pause });
      },
    });
    this.#checks = new HealthChecks({
      random: Math.random,
      checked: (provider, error) => this.#takeCheck(provider, error),
    });
    this.reach.set(true);
  }

  /** Guards and checks these providers from now on. */
  configure({ health }: Config, twins: ReadonlyMap<string, readonly Provider[]>): void {
    const all = [...twins.values()].flat();
    this.#twins = twins;
    this.#accounts = new Map(all.map((provider) => [accountName(provider), provider]));
    this.#checked = health.checks.enabled;
    this.breakers.configure(health.breakers ? twins.values() : [], health.trialAfterMs);
    this.#checking = () => this.#checks.configure(this.#isProbing ? all : [], health.checks);
    this.#checking();
    for (const { id, credential } of all) this.#show(id, credential);
    this.#renewReach();
  }

  /** Shares pauses with other replicas through this Redis; undefined: with none. */
  share(link: RedisLink | undefined): void {
    this.#shared.use(link);
  }

  /** Goes by what another worker found out, as if it had happened here, without telling of it again. */
  follow(news: HealthNews): void {
    if (news.case === "pause") {
      this.#pause(news.pause);
      return;
    }
    const { provider, scope, model, state } = news.circuit;
    this.#isFollowing = true;
    this.#guardOfAccount(provider)?.follow(scope, model, state);
    this.#isFollowing = false;
  }

  /** Whether health checks are made here, if they are on: one worker makes them for all. */
  probe(isProbing: boolean): void {
    this.#isProbing = isProbing;
    this.#checking?.();
  }

  /** Takes note of how an attempt went. */
  readonly observe = (providerId: string, seen: Observation): void => {
    let window = this.#windows.get(providerId);
    if (window === undefined) {
      window = new HealthWindow(steadyMs);
      this.#windows.set(providerId, window);
    }
    window.observe(seen);
  };

  /** Health of a provider over the last minutes; UNAVAILABLE while its address or its last credential is out. */
  reading(providerId: string): HealthReading {
    const window = this.#windows.get(providerId) ?? new HealthWindow(steadyMs);
    const reading = window.snapshot();
    return this.#isOut(providerId) ? { ...reading, state: HealthState.UNAVAILABLE } : reading;
  }

  /** The least that is wrong with a model, or else with any model of a provider, beyond the provider's own health. */
  trouble({ provider, model }: Pick<Target, "provider"> & { readonly model?: string }): HealthState {
    const guards = this.#guardsOf(provider.id);
    const [guard] = guards;
    if (guard === undefined) return HealthState.UNSPECIFIED;
    if (model === undefined) {
      const some =
        guard.worst("model") !== "closed" ||
        guards.some(({ cooldowns }) => cooldowns.longestMs() > 0) ||
        guards.some((each) => each.worst("credential") !== "closed");
      return some ? HealthState.DEGRADED : HealthState.UNSPECIFIED;
    }
    if (guard.stateOf(model) !== "closed") return HealthState.UNAVAILABLE;
    const paused = guards.every(({ cooldowns }) => cooldowns.of(model) !== undefined);
    return paused ? HealthState.DEGRADED : HealthState.UNSPECIFIED;
  }

  /** No timer and no check is left. */
  close(): void {
    this.#shared.use(undefined);
    this.#checks.close();
    this.breakers.close();
  }

  /** In the order of the credentials; none where breakers are off. */
  #guardsOf(providerId: string): readonly Guard[] {
    return (this.#twins.get(providerId) ?? []).flatMap((provider) => this.breakers.of(provider) ?? []);
  }

  #guardOf(providerId: string, credential: string | undefined): Guard | undefined {
    const provider = this.#twins.get(providerId)?.find((twin) => twin.credential === credential);
    return provider && this.breakers.of(provider);
  }

  #pause({ provider, model, forMs, quota }: SharedPause): void {
    this.#guardOfAccount(provider)?.cooldowns.cool(model, forMs, quota);
  }

  #guardOfAccount(name: string): Guard | undefined {
    const provider = this.#accounts.get(name);
    return provider && this.breakers.of(provider);
  }

  #isOut(providerId: string): boolean {
    const guards = this.#guardsOf(providerId);
    if (guards.length === 0) return false;
    return guards[0]?.worst("endpoint") !== "closed" || guards.every((guard) => guard.worst("credential") !== "closed");
  }

  #takeCheck(provider: Provider, error: GatewayError | undefined): void {
    const reason = error?.reason ?? "";
    this.#metrics.healthChecks.cell(provider.id, error === undefined ? "ok" : reason.toLowerCase()).value += 1;
    if (error === undefined) this.observe(provider.id, { failed: false, reason, firstOutputMs: undefined });
    else if (blameOf(error, provider) !== undefined) {
      this.observe(provider.id, { failed: true, reason, firstOutputMs: undefined });
    }
    this.breakers.of(provider)?.checked(error);
  }

  #renewReach(): void {
    const ids = [...this.#twins.keys()];
    this.reach.set(!this.#checked || ids.length === 0 || !ids.every((id) => this.#isOut(id)));
  }

  #show(id: string, credential: string | undefined): void {
    const { breakerState, cooldown } = this.#metrics;
    const name = credential ?? "";
    for (const scope of ["endpoint", "model"] as const) {
      breakerState.show(() => stateNumbers[this.#guardsOf(id)[0]?.worst(scope) ?? "closed"], id, scope, "");
    }
    const guard = () => this.#guardOf(id, credential);
    breakerState.show(() => stateNumbers[guard()?.worst("credential") ?? "closed"], id, "credential", name);
    cooldown.show(() => (guard()?.cooldowns.longestMs() ?? 0) / 1000, id, name);
  }
}

const { timeOrigin } = performance;

/** Whole milliseconds since the epoch, by a clock that nobody sets. */
function steadyMs(): number {
  return Math.floor(timeOrigin + performance.now());
}

function tell(logger: Logger, { id, credential }: Provider, scope: Scope, model: string, state: CircuitState): void {
  const fields = {
    provider: id,
    cause: scope,
    ...(model !== "" && { model }),
    ...(scope === "credential" && { credential }),
  };
  if (state === "open") logger.warn(fields, "calls keep failing: the target is left alone for now");
  else if (state === "closed") logger.info(fields, "the target is well again");
}
