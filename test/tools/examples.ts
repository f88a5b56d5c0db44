/** What people do with grpcurl, beside what the documentation shows. */
interface Example {
  readonly name: string;
  readonly line: string;
  /** What must be on the screen. */
  readonly shows: RegExp;
}

const address = "127.0.0.1:50051";
const service = "llmhub.v1.CompletionService";

/** A stream that ends well. */
export const stream = call("StreamComplete", { request: { model: "simulator/claude", input: "Say hi" } });

/** A gateway without configuration answers them, by reflection alone. */
export const examples: readonly Example[] = [
  {
    name: "list",
    line: `grpcurl -plaintext ${address} list`,
    shows: /llmhub\.v1\.CompletionService\n.*llmhub\.v1\.ModelService\n/s,
  },
  {
    name: "describe a service",
    line: `grpcurl -plaintext ${address} describe ${service}`,
    shows: /rpc StreamComplete.*stream \.llmhub\.v1\.StreamCompleteResponse/,
  },
  {
    name: "describe a message",
    line: `grpcurl -plaintext ${address} describe llmhub.v1.CompleteRequest`,
    shows: /max_output_tokens/,
  },
  {
    name: "unary call",
    line: call("Complete", { model: "simulator/gpt", input: "Say hi" }),
    shows: /"finishReason": "FINISH_REASON_STOP"/,
  },
  { name: "streaming call", line: stream, shows: /"started".*"partDelta".*"finished"/s },
  {
    name: "failing call with its details",
    line: call("Complete", { model: "simulator/gpt-9:429:retry-after-2", input: "hi" }),
    shows: /Code: ResourceExhausted.*"reason": "PROVIDER_RATE_LIMITED".*"retryDelay": ".*"upstreamStatus": 429/s,
  },
  {
    name: "a request against the rules names the field",
    line: call("Complete", { model: "simulator/gpt", input: "hi", temperature: 9 }),
    shows: /Code: InvalidArgument.*"field": "temperature"/s,
  },
  {
    name: "health",
    line: `grpcurl -plaintext ${address} grpc.health.v1.Health/Check`,
    shows: /"status": "SERVING"/,
  },
];

function call(method: string, request: object): string {
  return `grpcurl -plaintext -d '${JSON.stringify(request)}' ${address} ${service}/${method}`;
}
