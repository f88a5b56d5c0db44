import type { ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import { BoundedMap } from "../model/bounded-map.ts";
import type { Asked, Call } from "../model/call.ts";
import type { StickyKey } from "../model/policy.ts";
import type { Target } from "../model/target.ts";
import { expectedCost } from "./eligibility.ts";
import type { Readings } from "./readings.ts";
import type { Step } from "./route.ts";
import type { View } from "./strategies.ts";

/** Characters of a prompt that tell one conversation's beginning from another. */
const prefixChars = 1024;
/** Policies whose turns are counted; names come from configurations, so there are few. */
const turnsMax = 10_000;

/** Counts how often each policy has picked. */
export class Turns {
  readonly #turns = new BoundedMap<number>(turnsMax);

  /** How often it has picked before; counts this one. */
  next(name: string): number {
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    return turn;
  }
}

/** What a view of a call is taken from. */
export interface ViewParts {
  readonly readings: Readings;
  readonly turns: Turns;
}

/** What is known when a step picks a target for a call. */
export class CallView implements View {
  readonly sticky: string;
  readonly #call: Call<Asked>;
  readonly #step: Step;
  readonly #parts: ViewParts;

  constructor(call: Call<Asked>, step: Step, parts: ViewParts) {
    this.#call = call;
    this.#step = step;
    this.#parts = parts;
    this.sticky = stickyOf(step.stickyTo, call.request, call.rpc.caller.keyId);
  }

  cost(target: Target): bigint | undefined {
    return expectedCost(target, this.#call.request)?.amountNanos;
  }

  latencyMs({ selector }: Target): number | undefined {
    return this.#parts.readings.latencyMs(selector, this.#call.stream);
  }

  errorRate({ selector }: Target): number {
    return this.#parts.readings.errorRate(selector);
  }

  turn(): number {
    return this.#parts.turns.next(this.#step.name);
  }
}

/** Whose calls stay together; empty: nobody's. A caller's own key holds where the policy names none. */
function stickyOf(stickyTo: StickyKey | undefined, request: Asked, keyId: string): string {
  switch (stickyTo) {
    case "api-key":
      return keyId;
    case "end-user":
      return request.$typeName === "llmhub.v1.CompleteRequest" ? request.endUserId : "";
    case "prompt":
      return prefixOf(request);
    default:
      return request.routing?.affinityKey ?? "";
  }
}

/** What stays the same while a conversation grows. */
function prefixOf(request: Asked): string {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return "";
  const { system, messages, input } = request;
  const [first] = messages;
  const text = first === undefined ? input : first.text || JSON.stringify(first.content.map(textOfPart));
  return `${system.slice(0, prefixChars)}\n${text.slice(0, prefixChars)}`;
}

function textOfPart({ part }: ContentPart): string {
  return typeof part.value === "string" ? part.value.slice(0, prefixChars) : (part.case ?? "");
}
