import { callProblem } from "./call-problem.ts";
import { type Channel, openChannel } from "./channel.ts";
import type { Exit, Shell } from "./command.ts";

/** Does something through a channel that is closed afterwards. SIGINT aborts its signal, and is then the exit. */
export async function interruptible(
  values: Parameters<typeof openChannel>[0],
  { env, signals }: Pick<Shell, "env" | "signals">,
  work: (channel: Channel, signal: AbortSignal) => Promise<void>,
): Promise<Exit> {
  const channel = openChannel(values, env);
  const cancel = new AbortController();
  const interrupt = () => cancel.abort();
  signals.once("SIGINT", interrupt);
  try {
    await work(channel, cancel.signal);
    return "ok";
  } catch (error) {
    if (cancel.signal.aborted) return "interrupted";
    throw callProblem(error, channel.address);
  } finally {
    signals.off("SIGINT", interrupt);
    channel.close();
  }
}
