import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/schema.ts";
import { watchConfig } from "../config/watch.ts";
import type { Gateway } from "../gateway.ts";
import type { Exit, Shell } from "./command.ts";
import { stopSignal } from "./stop-signal.ts";

/** A running gateway and what steers it. */
export interface Supervision {
  readonly gateway: Pick<Gateway, "reload" | "reloadRefused" | "drain">;
  readonly load: () => Promise<Config>;
  /** Files that the configuration was read from. */
  readonly files: readonly string[];
  readonly signals: Shell["signals"];
  /** Takes one message for the operator; it may have several lines. */
  readonly report: (message: string) => void;
}

/** Reloads on SIGHUP and when a file changes, until a stop signal has drained the gateway or a second one came. */
export async function superviseGateway(supervision: Supervision): Promise<Exit> {
  const { gateway, files, signals, report } = supervision;
  const watched = new Watched(() => reload());
  const reload = reloader(supervision, watched);
  watched.set(files);
  signals.on("SIGHUP", reload);
  await stopSignal(signals);
  watched.set([]);
  report("stopping: waiting for calls in flight; a second signal stops at once");
  const drained = gateway.drain().then((): Exit => "ok");
  const impatient = stopSignal(signals).then((): Exit => "failure");
  const exit = await Promise.race([drained, impatient]);
  signals.off("SIGHUP", reload);
  return exit;
}

/** One reload at a time; requests that come meanwhile are served together by one more. */
function reloader({ gateway, load, report }: Supervision, watched: Watched): () => void {
  let running = false;
  let again = false;
  const run = async () => {
    running = true;
    do {
      again = false;
      await load()
        .then(async (config) => {
          await gateway.reload(config);
          watched.set(config.files);
        })
        .then(
          () => report("configuration reloaded"),
          (error: unknown) => {
            gateway.reloadRefused(error);
            report(refusal(error));
          },
        );
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}

/** The files that are watched. */
class Watched {
  readonly #changed: () => void;
  #unwatch: readonly (() => void)[] = [];

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  set(files: readonly string[]): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#unwatch = [...new Set(files)].map((file) => watchConfig(file, this.#changed));
  }
}

function refusal(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const separator = error instanceof ConfigError ? "\n" : " ";
  return `configuration not reloaded, the old one stays:${separator}${reason}`;
}
