import { GatewayError } from "../model/error.ts";
import { CommandError } from "./command.ts";

/** The failure of a configuration that is right in form and cannot work all the same; any other error as it is. */
export function configProblem(error: unknown): unknown {
  if (!(error instanceof GatewayError)) return error;
  return new CommandError("config", `the configuration cannot work: ${error.rawMessage}`);
}
