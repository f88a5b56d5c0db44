import type { Child } from "../support/child.ts";
import type { Door } from "./workload.ts";

/** Where calls go, and what is said in them. */
export interface Target {
  readonly url: string;
  readonly door: Door;
  /** Name of the model that the target knows. */
  readonly model: string;
  /** Beside content-type, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** It passes the bytes of the provider on as they are. */
  readonly exact: boolean;
}

/** A process that does the work that is measured. */
export interface Side {
  /** As tables call it. */
  readonly name: string;
  readonly process: Child;
  readonly target: Target;
}

/** The provider itself, or a proxy that passes bytes on. */
export function rawTarget(url: string): Target {
  return { url, door: "http", model: "gpt-4o-mini", headers: { authorization: "Bearer sk-bench" }, exact: true };
}

export function gatewayTarget(url: string, apiKey: string, door: Door): Target {
  return { url, door, model: "openai/gpt-4o-mini", headers: { authorization: `Bearer ${apiKey}` }, exact: false };
}
