import { GatewayError } from "./error.ts";

/** Why a call ends when its caller went away. One for all calls: nobody reads it, and a new one costs microseconds. */
export const callerLeft = new GatewayError("CANCELLED", "the caller cancelled the call or went away");

/** Why a call ends when its caller did not cancel it, but lost the connection with everything on it. */
export const connectionLost = new GatewayError("CANCELLED", "the connection of the caller broke");
