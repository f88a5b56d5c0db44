import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CitationSchema, ContentPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import type { Chunk } from "../../src/model/chunk.ts";
import { PartWriter, type TextKind } from "../../src/protocols/part-writer.ts";
import { folded } from "../support/dialect.ts";

/** One line per chunk. */
function lines(write: (writer: PartWriter, out: Chunk[]) => void): string[] {
  const out: Chunk[] = [];
  write(new PartWriter(), out);
  return out.map(lineOf);
}

function lineOf(chunk: Chunk): string {
  if (chunk.case === "partStarted") return `${chunk.value.index} + ${chunk.value.part?.part.case}`;
  if (chunk.case === "partFinished") return `${chunk.value.index} -`;
  if (chunk.case !== "partDelta") return chunk.case;
  const { index, delta } = chunk.value;
  return `${index} ${delta.case} ${typeof delta.value === "string" ? delta.value : ""}`.trimEnd();
}

function parts(chunks: readonly Chunk[]) {
  return folded(chunks).message?.content ?? [];
}

describe("parts", () => {
  it("begin with their first content and end when another kind begins", () => {
    const written = lines((writer, out) => {
      writer.text("text", "", out);
      writer.text("reasoning", "hm", out);
      writer.text("reasoning", "m", out);
      writer.text("text", "yes", out);
      writer.closeAll(out);
    });
    expect(written).toEqual([
      "0 + reasoning",
      "0 reasoning hm",
      "0 reasoning m",
      "0 -",
      "1 + text",
      "1 text yes",
      "1 -",
    ]);
  });

  it("of tools stay open beside each other", () => {
    const written = lines((writer, out) => {
      writer.text("text", "a", out);
      const first = writer.tool("x", "f", out);
      const second = writer.tool("y", "g", out);
      writer.arguments(second, "[", out);
      writer.arguments(first, "{", out);
      writer.closeTool(first, out);
      writer.closeTool(first, out);
      writer.closeAll(out);
      expect(writer.count).toBe(3);
    });
    expect(written).toEqual([
      "0 + text",
      "0 text a",
      "0 -",
      "1 + toolCall",
      "2 + toolCall",
      "2 argumentsJson [",
      "1 argumentsJson {",
      "1 -",
      "2 -",
    ]);
  });

  it("that do not grow come whole", () => {
    const part = create(ContentPartSchema, { part: { case: "text", value: "all" } });
    const written = lines((writer, out) => {
      writer.text("text", "a", out);
      writer.whole(part, out);
    });
    expect(written.slice(2)).toEqual(["0 -", "1 + text", "1 -"]);
  });

  it("made for an ending alone are empty", () => {
    const out: Chunk[] = [];
    const writer = new PartWriter();
    writer.close(out);
    expect(out).toEqual([]);
    writer.close(out, { encryptedContent: "secret" });
    expect(parts(out)).toMatchObject([{ part: { value: { text: "", encryptedContent: "secret" } } }]);
  });
});

describe("signatures", () => {
  const of = (value: string) => ({ $typeName: "llmhub.v1.PartSignature", provider: "acme", value }) as const;

  it("of reasoning come with its beginning, unless its end brings another", () => {
    const out: Chunk[] = [];
    const writer = new PartWriter();
    writer.signReasoning(of("a"));
    writer.text("reasoning", "hm", out);
    writer.text("text", "yes", out);
    writer.text("reasoning", "so", out);
    writer.close(out, { signature: of("b") });
    expect(parts(out).map(({ signature }) => signature?.value)).toEqual(["a", undefined, "b"]);
  });

  it("of a tool call come with its end", () => {
    const out: Chunk[] = [];
    const writer = new PartWriter();
    writer.endTool(writer.tool("x", "f", out), { signature: of("a") });
    writer.tool("y", "g", out);
    writer.closeAll(out);
    expect(parts(out).map(({ signature }) => signature?.value)).toEqual(["a", undefined]);
  });
});

describe("citations", () => {
  const citation = create(CitationSchema, { source: { case: "uri", value: "https://example.com" } });

  it("go to the open text", () => {
    const out: Chunk[] = [];
    const writer = new PartWriter();
    writer.text("text", "a", out);
    writer.citation(citation, out);
    expect(parts(out)).toMatchObject([{ citations: [{ source: { value: "https://example.com" } }] }]);
  });

  it("never go to reasoning", () => {
    const written = lines((writer, out) => {
      writer.text("reasoning", "hm", out);
      writer.citation(citation, out);
    });
    expect(written.slice(2)).toEqual(["0 -", "1 + text", "1 citation"]);
  });
});

describe("surrogate pairs", () => {
  it("broken inside a text are replaced", () => {
    const written = lines((writer, out) => {
      writer.text("text", "a\ud83db\udc00", out);
      writer.arguments(writer.tool("\ud83d", "\ud83d", out), "\udc00{", out);
    });
    expect(written).toEqual(["0 + text", "0 text a\ufffdb\ufffd", "0 -", "1 + toolCall", "1 argumentsJson \ufffd{"]);
  });

  it("that never become whole leave one U+FFFD", () => {
    const written = lines((writer, out) => {
      writer.text("text", "a\ud83d", out);
      const tool = writer.tool("x", "f", out);
      writer.arguments(tool, "\ud83d", out);
      writer.closeAll(out);
    });
    expect(written).toEqual([
      "0 + text",
      "0 text a",
      "0 text \ufffd",
      "0 -",
      "1 + toolCall",
      "1 argumentsJson \ufffd",
      "1 -",
    ]);
  });

  it("stay whole however text is cut between its characters' halves", () => {
    const text = fc.string({ unit: "binary", maxLength: 20 });
    const kind = fc.constantFrom<TextKind | "tool">("text", "reasoning", "refusal", "tool");
    fc.assert(
      fc.property(text, kind, fc.integer({ min: 1, max: 3 }), (whole, kind, size) => {
        const out: Chunk[] = [];
        const writer = new PartWriter();
        const tool = kind === "tool" ? writer.tool("x", "f", out) : 0;
        for (let at = 0; at < whole.length; at += size) {
          const piece = whole.slice(at, at + size);
          if (kind === "tool") writer.arguments(tool, piece, out);
          else writer.text(kind, piece, out);
        }
        writer.closeAll(out);
        const deltas = out.flatMap((chunk) => (chunk.case === "partDelta" ? [String(chunk.value.delta.value)] : []));
        expect(deltas.join("")).toBe(whole);
        expect(deltas.every((delta) => delta !== "" && delta.isWellFormed())).toBe(true);
      }),
    );
  });
});
