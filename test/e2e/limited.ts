import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** A model that answers at once. */
export const ask = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };
/** A limit that does not come back while a test runs, not even at midnight. */
export const daily = { per: "day", algorithm: "sliding-window" } as const;

/** A gateway, in this process or in another. */
export interface Completing {
  complete(request: { readonly model: string; readonly input: string }): Promise<unknown>;
}

/** Reasons of calls, made at the same time and spread over gateways; "" for each that was answered. */
export async function reasons(gateways: readonly Completing[], calls: number): Promise<string[]> {
  return Promise.all(Array.from({ length: calls }, (_, i) => reasonAt(gateways[i % gateways.length])));
}

/** How many of so many calls at the same time are answered; the others must be refused by a limit. */
export async function admitted(gateways: readonly Completing[], calls: number): Promise<number> {
  const all = await reasons(gateways, calls);
  const odd = all.find((reason) => reason !== "" && reason !== "RATE_LIMITED");
  if (odd !== undefined) throw new Error(`a call ended with ${odd}`);
  return all.filter((reason) => reason === "").length;
}

/** The reason of one call; "" if it is answered. */
export async function reasonAt(gateway: Completing | undefined, request = ask): Promise<string> {
  if (gateway === undefined) throw new Error("no gateway is given");
  return gateway.complete(request).then(
    () => "",
    (error) => ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason ?? String(error),
  );
}
