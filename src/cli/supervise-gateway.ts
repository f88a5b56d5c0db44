import type { Gateway } from "../app.ts";
import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/schema.ts";
import { watchConfig } from "../config/watch.ts";
import type { Exit, Shell } from "./command.ts";
import { stopSignal } from "./stop-signal.ts";

/** A running gateway and what steers it. */
export interface Supervision {
  readonly gateway: Pick<Gateway, "reload" | "drain">;
  readonly load: () => Promise<Config>;
  /** File to watch. */
  readonly path: string | undefined;
  readonly signals: Shell["signals"];
  /** Takes one message for the operator; it may have several lines. */
  readonly report: (message: string) => void;
}

/** Reloads on SIGHUP and when the file changes, until a stop signal has drained the gateway or a second one came. */
export async function superviseGateway(supervision: Supervision): Promise<Exit> {
  const { gateway, path, signals, report } = supervision;
  const reload = reloader(supervision);
  const unwatch = path === undefined ? () => undefined : watchConfig(path, reload);
  signals.on("SIGHUP", reload);
  await stopSignal(signals);
  unwatch();
  report("stopping: waiting for calls in flight; a second signal stops at once");
  const drained = gateway.drain().then((): Exit => "ok");
  const impatient = stopSignal(signals).then((): Exit => "failure");
  const exit = await Promise.race([drained, impatient]);
  signals.off("SIGHUP", reload);
  return exit;
}

/** One reload at a time; requests that come meanwhile are served together by one more. */
function reloader({ gateway, load, report }: Supervision): () => void {
  let running = false;
  let again = false;
  const run = async () => {
    running = true;
    do {
      again = false;
      await load()
        .then((config) => gateway.reload(config))
        .then(
          () => report("configuration reloaded"),
          (error: unknown) => report(refusal(error)),
        );
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}

function refusal(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const separator = error instanceof ConfigError ? "\n" : " ";
  return `configuration not reloaded, the old one stays:${separator}${reason}`;
}
