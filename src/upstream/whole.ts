import type { Asked, Attempt } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Dialect } from "../model/protocol.ts";
import type { Result } from "../model/reply.ts";
import type { Carrier } from "./carrier.ts";
import { exchange } from "./exchange.ts";

/** Carries out one attempt whose answer is one value. Rejects when the answer ends without it. */
export async function whole<Request extends Asked, Value>(
  carrier: Carrier,
  dialect: Dialect<Request, Value>,
  attempt: Attempt<Request>,
): Promise<Result<Value>> {
  const reply = await exchange(carrier, dialect, attempt);
  const found: Value[] = [];
  for await (const batch of reply.chunks) {
    for (const piece of batch) if (piece.case === "value") found.push(piece.value);
  }
  const { sentMs, firstOutputMs, upstreamRequestId, upstreamModel, warnings, outcome } = reply;
  const [value] = found;
  if (value === undefined) throw new GatewayError("INTERNAL", "an answer ended without its value");
  return { attempt, sentMs, firstOutputMs, upstreamRequestId, upstreamModel, warnings, outcome, value };
}
