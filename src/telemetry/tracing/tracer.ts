import type { IncomingHttpHeaders } from "node:http";
import type { Span, SpanValues, TraceContext } from "../../model/trace.ts";

/** A call of which nothing but its headers is known. */
export interface Arrival {
  /** "llmhub.v1.CompletionService/Complete", "POST /v1/chat/completions". */
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** As of performance.now(). */
  readonly startMs: number;
}

/** Begins the spans of calls. There is one only where tracing is on. */
export interface Tracer {
  /** Undefined: the call is not recorded. @param parent where its caller stands; undefined: it begins a trace. */
  begin(arrival: Arrival, parent: TraceContext | undefined): Span | undefined;
  /** Sends what is left, within a bound that is its own. Nothing is recorded after it. */
  close(): Promise<void>;
}

/** What is told of a call that has come: by OpenTelemetry's conventions for RPC, or for HTTP. @param scheme "http", "https". */
export function arrivalValues({ method, headers }: Arrival, scheme: string): SpanValues {
  const agent = headers["user-agent"]?.slice(0, agentCharsMax);
  const [verb = "", path] = method.split(" ");
  if (path !== undefined) {
    return {
      "http.request.method": verb,
      "http.route": path,
      "url.path": path,
      "url.scheme": scheme,
      "user_agent.original": agent,
    };
  }
  const system = headers["content-type"]?.startsWith("application/grpc") === true ? "grpc" : "connectrpc";
  return { "rpc.system.name": system, "rpc.method": method, "user_agent.original": agent };
}

const agentCharsMax = 256;
