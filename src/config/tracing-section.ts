import * as v from "valibot";
import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { headerName } from "./provider-section.ts";
import { duration, integer, text } from "./scalar.ts";
import { section } from "./section.ts";
import { headerSecretOf } from "./setting.ts";
import type { TracingConfig } from "./tracing.ts";

const ratioMessage = "must be a number from 0 to 1";
const attributeMessage = "must be the name of an attribute: letters, digits, dots, - and _, at most 128";

/** Spans of calls. Absent: calls are not recorded. */
export const tracing = section(
  "Spans of calls, sent to a receiver of OpenTelemetry's OTLP over HTTP. Absent: none, but what the variables OTEL_* say.",
  {
    enabled: v.optional(v.pipe(v.boolean(), v.description("false: nothing is recorded.")), true),
    endpoint: v.optional(
      text(
        'Address of the receiver, path included, such as "http://collector:4318/v1/traces". Without a path: /v1/traces.',
      ),
    ),
    headers: v.nullish(
      v.pipe(
        v.record(headerName, v.string()),
        v.description(`Sent with every request. Values may be "\${NAME}" or "file:/path".`),
      ),
      {},
    ),
    sampling: v.optional(
      v.pipe(
        v.number(ratioMessage),
        v.minValue(0, ratioMessage),
        v.maxValue(1, ratioMessage),
        v.description("Part of the traces that begin here, from 0 to 1, that is recorded."),
      ),
      1,
    ),
    followCaller: v.optional(
      v.pipe(
        v.boolean(),
        v.description("Record the calls that their caller records, and no others of those that bring a traceparent."),
      ),
      true,
    ),
    serviceName: v.optional(text("service.name of the gateway."), "llmhub"),
    attributes: v.nullish(
      v.pipe(
        v.record(v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9._-]{0,127}$/, attributeMessage)), v.string()),
        v.description("More of what is told of the gateway, such as deployment.environment.name."),
      ),
      {},
    ),
    timeout: v.optional(duration("Time for one request to the receiver, repeats included."), "10s"),
    queueMax: v.optional(
      integer(1, 1_000_000, "Spans that wait to be sent, in each worker; what comes then is dropped, and counted."),
      4096,
    ),
    batchMax: v.optional(integer(1, 10_000, "Spans in one request."), 512),
    interval: v.optional(duration("Longest wait of a span for others to be sent with."), "5s"),
  },
);

/** The section as configuration; undefined where nothing is to be recorded. Problems go to the findings. */
export async function tracingOf(
  { tracing }: Pick<FileSections, "tracing">,
  findings: Findings,
): Promise<TracingConfig | undefined> {
  if (tracing?.enabled !== true) return undefined;
  const { endpoint, serviceName, attributes, timeout, queueMax, batchMax, interval } = tracing;
  const headers: Record<string, Awaited<ReturnType<typeof headerSecretOf>>> = {};
  for (const [name, value] of Object.entries(tracing.headers)) {
    headers[name.toLowerCase()] = await headerSecretOf(value, ["tracing", "headers", name], findings);
  }
  return {
    endpoint: endpointOf(endpoint, findings),
    headers,
    ratio: tracing.sampling,
    followsCaller: tracing.followCaller,
    resource: { ...attributes, "service.name": serviceName },
    timeoutMs: timeout,
    queueMax,
    batchMax: Math.min(batchMax, queueMax),
    intervalMs: interval,
  };
}

function endpointOf(endpoint: string | undefined, findings: Findings): string {
  const at = ["tracing", "endpoint"];
  if (endpoint === undefined) {
    findings.add(at, "is missing; add the address of a receiver of OTLP over HTTP, or set enabled: false");
    return "";
  }
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.hash !== "") {
    findings.add(at, "must be an http:// or https:// URL without user name and password; credentials go into headers");
    return "";
  }
  if (url.port === "4317") {
    findings.add(at, "names port 4317, where receivers speak gRPC; the gateway speaks OTLP over HTTP, on port 4318");
  }
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}
