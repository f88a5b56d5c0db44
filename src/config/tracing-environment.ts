import { isRecord } from "./record.ts";
import type { Environment } from "./substitution.ts";

/** A field of the section and the variable that gives it. */
type Given = readonly [field: string, value: unknown, variable: string];

/**
 * The section tracing with what OpenTelemetry's own variables say of fields that the file leaves open: an endpoint among
 * them switches tracing on, and headers go to no other. Undefined: there is none.
 */
export function withTracing(section: unknown, env: Environment, variables: Map<string, string>): unknown {
  const isOff = env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true";
  if (isOff) return isRecord(section) ? { ...section, enabled: false } : section;
  const own = isRecord(section) ? section : {};
  // What opens one receiver's door is shown to no other.
  const isTheirs = own["endpoint"] === undefined;
  const given = givenBy(env).filter(([field]) => own[field] === undefined && (field !== "headers" || isTheirs));
  const isWanted = section !== undefined || given.some(([field]) => field === "endpoint");
  if (!isWanted || (section !== undefined && section !== null && !isRecord(section))) return section;
  const filled: Record<string, unknown> = { ...own };
  for (const [field, value, variable] of given) {
    filled[field] = value;
    variables.set(`tracing.${field}`, variable);
  }
  return filled;
}

function givenBy(env: Environment): readonly Given[] {
  const first = (...names: string[]) => names.find((name) => env[name]);
  const given: Given[] = [];
  const endpoint = first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (endpoint !== undefined && env["OTEL_TRACES_EXPORTER"] !== "none") {
    const text = env[endpoint] ?? "";
    const isWhole = endpoint === "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    given.push(["endpoint", isWhole ? text : `${text.replace(/\/+$/, "")}/v1/traces`, endpoint]);
  }
  const headers = first("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
  if (headers !== undefined) given.push(["headers", pairsOf(env[headers] ?? ""), headers]);
  const timeout = first("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
  if (timeout !== undefined) given.push(["timeout", `${env[timeout]}ms`, timeout]);
  const name = env["OTEL_SERVICE_NAME"];
  if (name) given.push(["serviceName", name, "OTEL_SERVICE_NAME"]);
  const attributes = env["OTEL_RESOURCE_ATTRIBUTES"];
  if (attributes) given.push(["attributes", pairsOf(attributes), "OTEL_RESOURCE_ATTRIBUTES"]);
  return [...given, ...samplingOf(env)];
}

/** OTEL_TRACES_SAMPLER by its well-known values; of another the section says what is wrong with it. */
function samplingOf(env: Environment): readonly Given[] {
  const sampler = env["OTEL_TRACES_SAMPLER"];
  if (!sampler) return [];
  const [, parent = "", root = ""] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(sampler) ?? [];
  const follows: Given = ["followCaller", parent !== "", "OTEL_TRACES_SAMPLER"];
  if (root === "always_on") return [["sampling", 1, "OTEL_TRACES_SAMPLER"], follows];
  if (root === "always_off") return [["sampling", 0, "OTEL_TRACES_SAMPLER"], follows];
  if (root === "") return [["sampling", sampler, "OTEL_TRACES_SAMPLER"]];
  const argument = env["OTEL_TRACES_SAMPLER_ARG"] || "1";
  const ratio = Number(argument);
  return [["sampling", Number.isNaN(ratio) ? argument : ratio, "OTEL_TRACES_SAMPLER_ARG"], follows];
}

/** "name=value,name=value", values percent-encoded. */
function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(",").flatMap((pair) => {
    const [name = "", ...rest] = pair.split("=");
    return name.trim() === "" ? [] : [[name.trim(), decoded(rest.join("=").trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
