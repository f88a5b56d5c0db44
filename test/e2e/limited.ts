import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { TestGateway } from "../support/gateway.ts";

/** A model that answers at once. */
export const ask = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };
/** A limit that does not come back while a test runs. */
export const daily = { per: "day", algorithm: "fixed-window" } as const;

/** Reasons of calls, made at the same time and spread over gateways; "" for each that was answered. */
export async function reasons(gateways: readonly TestGateway[], calls: number): Promise<string[]> {
  return Promise.all(Array.from({ length: calls }, (_, i) => reasonAt(gateways[i % gateways.length])));
}

/** How many of so many calls at the same time are answered. */
export async function admitted(gateways: readonly TestGateway[], calls: number): Promise<number> {
  return (await reasons(gateways, calls)).filter((reason) => reason === "").length;
}

async function reasonAt(gateway: TestGateway | undefined): Promise<string> {
  if (gateway === undefined) throw new Error("no gateway is given");
  return gateway.complete(ask).then(
    () => "",
    (error) => error.findDetails?.(ErrorInfoSchema)[0]?.reason ?? String(error),
  );
}
