import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Call, Rpc } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import type { Result } from "../model/reply.ts";
import { routingOf } from "./routing-info.ts";
import type { RequestValidator } from "./validation.ts";

/** What a handler works with whose answer is one value. */
export interface ValueParts<Request extends Asked, Value> {
  /** The chain around every call. */
  readonly dispatch: Dispatch<Call<Request>, Result<Value>>;
  readonly validator: RequestValidator;
  /** Told of each request that is refused before it becomes a call. */
  readonly rejected: (rpc: Rpc, error: unknown) => void;
  /** Makes Call.id. */
  readonly newId: () => string;
}

/** What every such answer tells beside its value. */
export interface ValueAnswer<Value> {
  readonly result: Result<Value>;
  readonly usage: Usage;
  readonly cost: Cost | undefined;
  readonly routing: RoutingInfo;
}

/** Checks a request and carries it out. */
export async function askForValue<Request extends Asked & Message, Value>(
  { dispatch, validator, rejected, newId }: ValueParts<Request, Value>,
  schema: GenMessage<Request>,
  request: Request,
  rpc: Rpc,
): Promise<ValueAnswer<Value>> {
  try {
    validator.check(schema, request);
  } catch (error) {
    rejected(rpc, error);
    throw error;
  }
  const call: Call<Request> = { id: newId(), rpc, request, stream: false };
  const result = await dispatch(call);
  const { usage, cost } = result.attempt.call.replay ?? (await result.outcome);
  const { native: _, ...told } = usage;
  return { result, usage: told, cost: cost && { ...cost, lines: [] }, routing: routingOf(call, result) };
}
