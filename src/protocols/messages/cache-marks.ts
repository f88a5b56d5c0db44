import type { CacheHint } from "../../../gen/llmhub/v1/content_pb.ts";
import { objectOf } from "../field.ts";
import type { Rendering } from "../rendering.ts";
import type { CacheControl } from "./wire.ts";

/** Breakpoints the API takes in one request. */
const marksMax = 4;
/** Halfway between the two lifetimes there are: 5 minutes and 1 hour. */
const middleSeconds = 1950;

interface Mark {
  readonly holder: { cache_control?: CacheControl };
  readonly control: CacheControl;
  /** Where the request has it. */
  readonly field: string;
}

/** The cache breakpoints of one request, noted in the order of the prompt: tools, system, messages. */
export class CacheMarks {
  readonly #rendering: Rendering;
  readonly #marks: Mark[] = [];

  constructor(rendering: Rendering) {
    this.#rendering = rendering;
  }

  /** Puts the hint, if there is one, onto what is sent for it. A mark that provider options made counts, and stays. */
  put(holder: Mark["holder"], hint: CacheHint | undefined, path: string): void {
    if (holder.cache_control !== undefined) {
      this.#keep(holder, `${path}.provider_options`);
      return;
    }
    if (hint === undefined) return;
    const control = controlOf(hint);
    holder.cache_control = control;
    this.#marks.push({ holder, control, field: `${path}.cache_hint` });
    const seconds = Number(hint.ttl?.seconds ?? 0n);
    if (hint.ttl !== undefined && seconds !== 300 && seconds !== 3600) {
      this.#rendering.changed(`${path}.cache_hint.ttl`, `the prompt cache keeps 5m or 1h; ${control.ttl} is used`);
    }
  }

  /** Notes what the request itself marked, copied because settling may change it. */
  #keep(holder: Mark["holder"], field: string): void {
    if (objectOf(holder.cache_control) === undefined) return;
    const control: CacheControl = { type: "ephemeral", ...holder.cache_control };
    holder.cache_control = control;
    this.#marks.push({ holder, control, field });
  }

  /**
   * Brings the marks within what the API takes. The last four stay, since each covers everything before it; and no 1h
   * mark may follow a shorter one.
   */
  settle(): void {
    const surplus = Math.max(0, this.#marks.length - marksMax);
    for (const { holder, field } of this.#marks.slice(0, surplus)) {
      delete holder.cache_control;
      this.#rendering.ignored(field, `only the last ${marksMax} cache hints are sent`);
    }
    let hasShort = false;
    for (const { control, field } of this.#marks.slice(surplus)) {
      if (control.ttl !== "1h") hasShort = true;
      else if (hasShort) {
        control.ttl = "5m";
        this.#rendering.changed(`${field}.ttl`, "1h cannot follow a shorter cache hint; 5m is used");
      }
    }
  }
}

function controlOf({ ttl }: CacheHint): CacheControl {
  if (ttl === undefined) return { type: "ephemeral" };
  return { type: "ephemeral", ttl: Number(ttl.seconds) < middleSeconds ? "5m" : "1h" };
}
