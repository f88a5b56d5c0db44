import { Code, type ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { CompletionFailureSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Streamed, TestGateway } from "../../support/gateway.ts";
import { textOf } from "../../support/gateway.ts";
import { providerKey, request } from "./dialects.ts";

/** What a failure says to programs. */
export interface Fault {
  readonly code: string;
  readonly reason: string | undefined;
  readonly cause: string | undefined;
  /** RetryInfo is there. */
  readonly retry: boolean;
  /** Reasons of the attempts, in order. Undefined: there is no CompletionFailure. */
  readonly attempts: readonly string[] | undefined;
  readonly outputStarted: boolean;
  /** Charged usage, if any. */
  readonly usage: "none" | "provider" | "estimated";
}

/** Reads a failure, and checks what holds for every one: domain, pushback, no secret and nothing the provider said. */
export function faultOf(error: ConnectError | undefined): Fault {
  if (error === undefined) throw new Error("the call did not fail");
  const [info] = error.findDetails(ErrorInfoSchema);
  const [failure] = error.findDetails(CompletionFailureSchema);
  const retry = error.findDetails(RetryInfoSchema).length > 0;
  expect(info?.domain).toBe("llmhub");
  expect(error.metadata.get("grpc-retry-pushback-ms")).toMatch(retry ? /^\d+$/ : /^-1$/);
  const said = `${error.message} ${JSON.stringify(info?.metadata)} ${[...error.metadata].join()}`;
  expect(said).not.toContain(providerKey);
  expect(said).not.toContain("canary");
  const source = failure?.usage?.source;
  return {
    code: Code[error.code],
    reason: info?.reason,
    cause: info?.metadata["cause"],
    retry,
    attempts: failure?.attempts.map(({ errorReason }) => errorReason),
    outputStarted: failure?.outputStarted ?? false,
    usage: source === undefined ? "none" : source === UsageSource.ESTIMATED ? "estimated" : "provider",
  };
}

/** A failure of the provider before any output, with what most of them have in common. */
export function before(code: string, reason: string, rest: Partial<Fault> = {}): Fault {
  const retry = code === "Unavailable" || code === "Internal" || reason === "PROVIDER_RATE_LIMITED";
  return { code, reason, cause: undefined, retry, attempts: [reason], outputStarted: false, usage: "none", ...rest };
}

/** A stream that broke after output. */
export function broken(cause: string): Fault {
  const reason = "STREAM_INTERRUPTED";
  return {
    code: "Unavailable",
    reason,
    cause,
    retry: false,
    attempts: [reason],
    outputStarted: true,
    usage: "estimated",
  };
}

/** An answer that cannot be read. */
export function unreadable(cause: string, rest: Partial<Fault> = {}): Fault {
  return before("Internal", "PROVIDER_BAD_RESPONSE", { cause, usage: "estimated", ...rest });
}

/** How the call is made. */
export type Mode = "unary" | "stream";

/** Both ways. */
export const modes: readonly Mode[] = ["unary", "stream"];

/** Makes the call and reads how it failed; a call without output has no events. */
export async function faultIn(gateway: TestGateway, mode: Mode, asked = request): Promise<Fault> {
  if (mode === "unary") return faultOf(await gateway.failure(asked));
  const { events, error } = await gateway.stream(asked);
  const fault = faultOf(error);
  if (!fault.outputStarted) expect(events).toEqual([]);
  return fault;
}

/** The failure of a stream that brought this text before it broke, and the usage that it tells before its end. */
export function brokenAfter(text: string, { events, error }: Streamed): Fault {
  expect(textOf({ events })).toBe(text);
  expect(events.map(({ event }) => event.case)).not.toContain("finished");
  const last = events.at(-1)?.event;
  expect(last?.case === "usage" && last.value.usage?.source).toBe(UsageSource.ESTIMATED);
  const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
  expect(info?.metadata["deliveredChars"] ?? String(text.length)).toBe(String(text.length));
  return faultOf(error);
}
