import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import { estimateInput } from "../model/estimate.ts";
import type { Protocol } from "../model/protocol.ts";
import { connectionFault } from "./connection-fault.ts";
import { faultIn } from "./interruption.ts";
import type { Upstream } from "./upstream.ts";

/** What can ask a small question. */
type Asker = Pick<Upstream, "request">;

/** Counts input tokens: by the provider's own endpoint where the dialect has one, else by an estimate marked as such. */
export async function count(upstream: Asker, protocol: Protocol, attempt: Attempt): Promise<Usage> {
  if (protocol.count === undefined) {
    const inputTokens = estimateInput(attempt.call.request);
    return create(UsageSchema, { inputTokens, source: UsageSource.ESTIMATED });
  }
  const { path, body, headers } = protocol.count.render(attempt);
  const limit = AbortSignal.timeout(attempt.timeouts.firstOutputMs);
  const signal = AbortSignal.any([attempt.call.rpc.signal, limit]);
  const answer = await upstream.request(path, JSON.stringify(body), headers ?? {}, signal).catch((error) => {
    if (attempt.call.rpc.signal.aborted) throw GatewayError.of(attempt.call.rpc.signal.reason);
    if (limit.aborted) throw new GatewayError("PROVIDER_TIMEOUT", "the provider did not count in time");
    throw error instanceof GatewayError ? error : connectionFault(error, attempt);
  });
  if (answer.status === 200) return protocol.count.read(answer.body);
  throw faultIn(protocol, attempt, answer);
}
