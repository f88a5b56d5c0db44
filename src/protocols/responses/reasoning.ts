import type { JsonObject } from "@bufbuild/protobuf";
import type { ContentPart } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Rendering } from "./rendering.ts";
import type { Reasoning } from "./wire.ts";

const loss = "reasoning goes back only to the provider it came from, and only if that can read it there";

/**
 * Whether the model reasons: told by what is known of it; of a model of which nothing is known, by whether the caller asks
 * for it. Others refuse to be asked for encrypted reasoning.
 */
export function reasons({ request, target }: Rendering): boolean {
  const { features } = target.facts;
  const effort = request.reasoning?.effort ?? "";
  if (effort === "none") return false;
  return features.size > 0 ? features.has("reasoning") : effort !== "";
}

/** How much to reason, and that a summary is wanted, which is all that OpenAI shows of it. */
export function renderReasoning(rendering: Rendering): JsonObject | undefined {
  const { reasoning } = rendering.request;
  if (reasoning === undefined) return undefined;
  const { effort, budgetTokens, hideText } = reasoning;
  if (budgetTokens !== undefined) {
    const message = "this dialect knows no budget for reasoning; set reasoning.effort or max_output_tokens instead";
    rendering.ignored("reasoning.budget_tokens", message);
  }
  const isShown = !hideText && reasons(rendering);
  if (effort === "" && !isShown) return undefined;
  return { ...(effort === "" ? {} : { effort }), ...(isShown ? { summary: "auto" } : {}) };
}

/**
 * Puts items of reasoning together again out of the parts that they came in. What the server could not read is dropped
 * with a warning: without its id, or with neither text in the open nor encrypted content, unless the server keeps the item.
 */
export class ReasoningItems {
  readonly #rendering: Rendering;
  readonly #isKept: boolean;
  #open: { item: Reasoning; readonly paths: string[] } | undefined;

  constructor(rendering: Rendering, isKept: boolean) {
    this.#rendering = rendering;
    this.#isKept = isKept;
  }

  /** Takes one more part of reasoning. The item before it, if it is another one, is complete. */
  add({ part, signature }: ContentPart, path: string): Reasoning[] {
    if (part.case !== "reasoning") return [];
    const { id = "", hidden = "" } = this.#rendering.echoOf(signature) ?? {};
    if (id === "") {
      this.#rendering.dropped(path, loss);
      return [];
    }
    const before = this.#open?.item.id === id ? [] : this.take();
    const { item, paths } = this.#open ?? { item: { type: "reasoning" as const, id, summary: [] }, paths: [] };
    const { text, summary, encryptedContent } = part.value;
    const open = summary ? "" : text || hidden;
    this.#open = {
      item: {
        ...item,
        summary: summary && text !== "" ? [...item.summary, { type: "summary_text", text }] : item.summary,
        ...(open === "" ? {} : { content: [...(item.content ?? []), { type: "reasoning_text", text: open }] }),
        ...(encryptedContent === "" ? {} : { encrypted_content: encryptedContent }),
      },
      paths: [...paths, path],
    };
    return before;
  }

  /** The item that is complete now, if there is one. */
  take(): Reasoning[] {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return [];
    const { content, encrypted_content } = open.item;
    if (this.#isKept || content !== undefined || encrypted_content !== undefined) return [open.item];
    this.#drop(open.paths, loss);
    return [];
  }

  /** Nothing follows the last item in its message: the server demands that something does. */
  end(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#drop(open.paths, "reasoning after which the model said nothing cannot go back");
  }

  #drop(paths: readonly string[], message: string): void {
    for (const path of paths) this.#rendering.dropped(path, message);
  }
}
