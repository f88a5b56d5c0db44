import type { Surroundings } from "./credentials/surroundings.ts";
import type { Where } from "./gateway.ts";
import type { GatewayError } from "./model/error.ts";
import type { Provider } from "./model/target.ts";
import { Discovery } from "./services/discovery.ts";
import type { Logger } from "./telemetry/logger.ts";

/** The surroundings with a clock, and with word of what fails behind everybody's back. */
export function watched(surroundings: Where, logger: Logger): Surroundings {
  const renewalFailed = ({ rawMessage: problem }: GatewayError) =>
    logger.warn({ problem }, "a credential could not be renewed; the old one still holds");
  return { ...surroundings, now: () => Date.now(), renewalFailed };
}

/** Lists of models that providers are asked for, with word of those that do not come. */
export function discovery(logger: Logger, now: () => number): Discovery {
  const failed = ({ id }: Provider, { reason, rawMessage: problem }: GatewayError) =>
    logger.debug({ provider: id, reason, problem }, "a provider did not list its models");
  // A wait for a list keeps no process alive.
  const waited = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref());
  return new Discovery({ now, elapsed: waited, failed });
}
