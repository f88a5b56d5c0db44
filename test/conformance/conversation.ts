import fc from "fast-check";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { type Mark, Marks } from "./marks.ts";
import { type Init, type Settings, settings, settingsOf } from "./settings.ts";

type Message = NonNullable<Init["messages"]>[number];
type Part = NonNullable<Message["content"]>[number];

/** A request whose every place can be told from the others. */
export interface Conversation {
  readonly request: Init;
  readonly marks: readonly Mark[];
}

/** What one place is to hold; its text is made when its place is known. */
type PartKind = "text" | "image" | "png" | "pdf" | "audio" | "video" | "link" | "document" | "foreign";
type AssistantKind = "text" | "refusal" | "reasoning" | "signed" | "redacted" | "foreign";

interface Turn {
  readonly role: "system" | "user" | "assistant";
  readonly parts: readonly PartKind[];
  readonly said: readonly AssistantKind[];
  readonly calls: readonly { readonly failed: boolean; readonly result: "text" | "json" | "image" | "empty" }[];
  readonly named: boolean;
  readonly cached: boolean;
}

const turns: fc.Arbitrary<Turn> = fc.record({
  role: fc.constantFrom("system", "user", "user", "assistant", "assistant"),
  parts: fc.array(
    fc.constantFrom<PartKind>(
      "text",
      "text",
      "text",
      "image",
      "png",
      "pdf",
      "audio",
      "video",
      "link",
      "document",
      "foreign",
    ),
    { minLength: 1, maxLength: 3 },
  ),
  said: fc.array(
    fc.constantFrom<AssistantKind>("text", "text", "refusal", "reasoning", "signed", "redacted", "foreign"),
    {
      maxLength: 3,
    },
  ),
  calls: fc.array(fc.record({ failed: fc.boolean(), result: fc.constantFrom("text", "json", "image", "empty") }), {
    maxLength: 2,
  }),
  named: fc.boolean(),
  cached: fc.boolean(),
});

/** Any conversation with any settings. */
export const conversations: fc.Arbitrary<Conversation> = fc
  .tuple(fc.array(turns, { minLength: 1, maxLength: 5 }), settings, fc.boolean())
  .map(([all, wanted, asksOn]) => new Writer().write(all, wanted, asksOn));

/** A single message of the user with any settings. */
export const settingsAlone: fc.Arbitrary<Conversation> = settings.map((wanted) => new Writer().write([], wanted, true));

/** Puts a mark of its own in every place of a request. */
class Writer {
  readonly #marks = new Marks();

  write(all: readonly Turn[], wanted: Settings, asksOn: boolean): Conversation {
    const messages: Message[] = [];
    for (const turn of all) {
      const at = `messages[${messages.length}]`;
      if (turn.role === "assistant") messages.push(...this.#assistant(turn, messages.length));
      else messages.push(this.#prompt(turn, at));
    }
    // Somebody has to be answered: a person, or the results of tools.
    if (asksOn || messages.at(-1)?.role !== Role.TOOL) {
      messages.push({ role: Role.USER, content: [this.#part("text", `messages[${messages.length}].content[0]`)] });
    }
    return { request: { messages, ...settingsOf(wanted, this.#marks) }, marks: this.#marks.all };
  }

  #prompt({ role, parts, named, cached }: Turn, at: string): Message {
    const kinds = role === "system" ? parts.map(() => "text" as const) : parts;
    const content = kinds.map((kind, i) => this.#part(kind, `${at}.content[${i}]`, cached));
    const isSystem = role === "system";
    return {
      role: isSystem ? Role.SYSTEM : Role.USER,
      content,
      ...(named && !isSystem ? { name: this.#marks.put(`${at}.name`) } : {}),
    };
  }

  #assistant({ said, calls, cached }: Turn, index: number): Message[] {
    const at = `messages[${index}]`;
    const kinds: readonly AssistantKind[] = said.length === 0 && calls.length === 0 ? ["text"] : said;
    const content = kinds.map((kind, i) => this.#said(kind, `${at}.content[${i}]`, cached));
    const ids = calls.map((_, i) => {
      const path = `${at}.content[${content.length}]`;
      const id = `call${this.#marks.next()}`;
      content.push({
        part: {
          case: "toolCall",
          value: { id, name: `tool${i}`, argumentsJson: `{"a":"${this.#marks.put(path)}","n":1.50}` },
        },
      });
      return id;
    });
    if (ids.length === 0) return [{ role: Role.ASSISTANT, content }];
    const results = calls.map((call, i): Part => {
      const path = `messages[${index + 1}].content[${i}]`;
      return { part: { case: "toolResult", value: this.#result(call, ids[i] ?? "", `tool${i}`, path) } };
    });
    return [
      { role: Role.ASSISTANT, content },
      { role: Role.TOOL, content: results },
    ];
  }

  #result({ failed, result }: Turn["calls"][number], toolCallId: string, toolName: string, path: string) {
    const at = `${path}.tool_result.content[0]`;
    const value = { toolCallId, toolName, isError: failed };
    if (failed) this.#marks.note(`${path}.tool_result.is_error`, ["is_error", '"status":"error"', '"error"']);
    if (result === "empty") return { ...value, content: [] };
    if (result === "text")
      return { ...value, content: [{ part: { case: "text" as const, value: this.#marks.put(at) } }] };
    if (result === "json") {
      return { ...value, content: [{ part: { case: "json" as const, value: `{"v":"${this.#marks.put(at)}"}` } }] };
    }
    return { ...value, content: [{ part: { case: "media" as const, value: this.#media("image/png", at) } }] };
  }

  #part(kind: PartKind, path: string, cached = false): Part {
    const hint = cached ? { cacheHint: {} } : {};
    switch (kind) {
      case "text":
        return { part: { case: "text", value: this.#marks.put(path) }, ...hint };
      case "image":
        return { part: { case: "media", value: this.#media("image/jpeg", path) } };
      case "png":
        return { part: { case: "media", value: { ...this.#media("image/png", path), detail: "low" } } };
      case "pdf":
        return { part: { case: "media", value: { ...this.#media("application/pdf", path), filename: "a.pdf" } } };
      case "audio":
        return { part: { case: "media", value: this.#media("audio/wav", path) } };
      case "video":
        return { part: { case: "media", value: this.#media("video/mp4", path) } };
      case "link": {
        const value = `https://media.test/${this.#marks.put(path)}.png`;
        return { part: { case: "media", value: { source: { case: "uri", value }, mimeType: "image/png" } } };
      }
      case "document": {
        const body = { case: "text" as const, value: this.#marks.putFile(path) };
        const title = this.#marks.put(`${path}.document.title`);
        return { part: { case: "document", value: { body, title, citable: true } } };
      }
      case "foreign":
        return this.#foreign(path);
    }
  }

  #said(kind: AssistantKind, path: string, cached: boolean): Part {
    switch (kind) {
      case "text":
        return { part: { case: "text", value: this.#marks.put(path) }, ...(cached ? { cacheHint: {} } : {}) };
      case "refusal":
        return { part: { case: "refusal", value: this.#marks.put(path) } };
      case "reasoning":
        return { part: { case: "reasoning", value: { text: this.#marks.put(path) } } };
      case "signed":
        return {
          part: { case: "reasoning", value: { text: this.#marks.put(path) } },
          signature: { provider: "elsewhere", value: "proof" },
        };
      case "redacted":
        return {
          part: { case: "reasoning", value: { encryptedContent: this.#marks.put(path) } },
          signature: { provider: "elsewhere", value: "" },
        };
      case "foreign":
        return this.#foreign(path);
    }
  }

  #foreign(path: string): Part {
    const json = `{"type":"thing","v":"${this.#marks.put(path)}"}`;
    return { part: { case: "providerPart", value: { provider: "elsewhere", kind: "thing", json } } };
  }

  #media(mimeType: string, path: string) {
    const bytes = Buffer.from(`${mimeType} ${this.#marks.next()} 0123456789`.padEnd(36, "."));
    this.#marks.note(path, [bytes.toString("base64")]);
    return { source: { case: "data" as const, value: new Uint8Array(bytes) }, mimeType };
  }
}
