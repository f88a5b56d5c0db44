import type { CacheHint } from "../../../gen/llmhub/v1/content_pb.ts";
import { CacheMarks } from "../messages/cache-marks.ts";
import type { Rendering } from "./rendering.ts";
import type { Block } from "./wire.ts";

type Mark = Parameters<CacheMarks["put"]>[0];

/** A block, and whether the prompt is to be cached up to it, which is known once all are noted. */
export interface Slot {
  readonly block: Block;
  readonly mark: Mark;
}

/** The places up to which the prompt is to be cached, noted in the order of the prompt: tools, system, messages. */
export class CachePoints {
  readonly #rendering: Rendering;
  readonly #marks: CacheMarks;

  constructor(rendering: Rendering) {
    this.#rendering = rendering;
    this.#marks = new CacheMarks(rendering);
  }

  /** Notes the hint, if there is one. */
  slot(block: Block, hint: CacheHint | undefined, path: string): Slot {
    const mark: Mark = {};
    const { features } = this.#rendering.target.facts;
    if (hint === undefined) return { block, mark };
    if ("reasoningContent" in block) {
      this.#rendering.ignored(`${path}.cache_hint`, "reasoning takes no cache hint");
    } else if (features.size > 0 && !features.has("prompt_cache")) {
      this.#rendering.ignored(`${path}.cache_hint`, "the model caches no prompts");
    } else this.#marks.put(mark, hint, path);
    return { block, mark };
  }

  /** Brings the points within what the API takes: the last four, none of an hour after a shorter one. */
  settle(): void {
    this.#marks.settle();
  }
}

/** The blocks with a cache point behind each that asks for it. */
export function withPoints(slots: readonly Slot[]): Block[] {
  return slots.flatMap(({ block, mark: { cache_control: control } }) => {
    if (control === undefined) return [block];
    const { ttl } = control;
    return [block, { cachePoint: { type: "default", ...(ttl === undefined ? {} : { ttl }) } }];
  });
}
