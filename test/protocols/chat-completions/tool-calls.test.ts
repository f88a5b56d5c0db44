import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf } from "../../support/dialect.ts";
import { delta, done, ending, streamed } from "./script.ts";

interface Fragment {
  readonly index?: number;
  readonly id?: string;
  readonly name?: string;
  readonly text?: string;
}

/** One event with fragments of tool calls. */
function calls(...fragments: Fragment[]): string {
  const tool_calls = fragments.map(({ index, id, name, text }) => ({
    ...(index === undefined ? {} : { index }),
    ...(id === undefined ? {} : { id, type: "function" }),
    function: { ...(name === undefined ? {} : { name }), ...(text === undefined ? {} : { arguments: text }) },
  }));
  return delta({ tool_calls });
}

/** [id, name, arguments] of every call of an answer. */
function read(...events: string[]): string[] {
  const answer = streamed(events.join("") + ending("tool_calls") + done);
  return JSON.parse(JSON.stringify(answer)).message.content.map(
    ({ toolCall: { id, name, argumentsJson } }: { toolCall: Record<string, string> }) =>
      `${id} ${name} ${argumentsJson ?? ""}`,
  );
}

describe("fragments of tool calls", () => {
  it("belong together by index, also when they alternate", () => {
    expect(
      read(
        calls({ index: 0, id: "a", name: "f", text: "" }),
        calls({ index: 1, id: "b", name: "g" }),
        calls({ index: 0, text: "{" }, { index: 1, text: "[" }),
        calls({ index: 1, text: "]" }),
        calls({ index: 0, text: "}" }),
      ),
    ).toEqual(["a f {}", "b g []"]);
  });

  it("may repeat id and name, or send empty ones", () => {
    expect(
      read(
        calls({ index: 0, id: "a", name: "f", text: "{" }),
        calls({ index: 0, id: "a", name: "f", text: "}" }),
        calls({ index: 0, id: "", name: "", text: " " }),
      ),
    ).toEqual(["a f {} "]);
  });

  it("begin a new call with another id at the same index", () => {
    expect(
      read(
        calls({ index: 0, id: "a", name: "f", text: "{}" }),
        calls({ index: 0, id: "b", name: "g", text: "[" }),
        calls({ index: 0, text: "]" }),
      ),
    ).toEqual(["a f {}", "b g []"]);
  });

  it("without an index follow their id, or the latest call", () => {
    expect(
      read(
        calls({ id: "a", name: "f", text: "{" }),
        calls({ text: "1" }),
        calls({ id: "b", name: "g", text: "[" }),
        calls({ id: "a", name: "f", text: "}" }),
        calls({ id: "b", text: "]" }),
      ),
    ).toEqual(["a f {1}", "b g []"]);
  });

  it("without index and id are calls of their own by name", () => {
    expect(read(calls({ name: "f", text: "{}" }, { name: "f", text: "[]" }))).toEqual(["call_0 f {}", "call_1 f []"]);
  });

  it("get an id that does not change where the server gives none", () => {
    expect(read(calls({ index: 3, name: "f", text: "{" }), calls({ index: 3, text: "}" }))).toEqual(["call_0 f {}"]);
  });

  it("may tell the name after the id", () => {
    expect(
      read(
        calls({ index: 0, id: "a", text: "" }),
        calls({ index: 0, text: "{" }, { index: 1, id: "b", name: "g", text: "[]" }),
        calls({ index: 0, name: "f" }),
        calls({ index: 0, text: "}" }),
      ),
    ).toEqual(["b g []", "a f {}"]);
    expect(read(calls({ index: 0 }), calls({ index: 0, id: "a", name: "f", text: "{}" }))).toEqual(["a f {}"]);
  });

  it("follow the id of the server also where that is not unique", () => {
    expect(
      read(
        calls({ index: 0, id: "a", name: "f", text: "{" }, { index: 1, id: "a", name: "g", text: "[" }),
        calls({ index: 1, id: "a", text: "]" }, { index: 0, id: "a", text: "}" }),
      ),
    ).toEqual(["a f {}", "call_0 g []"]);
  });

  it("must tell a name", () => {
    const error = errorOf(() => read(calls({ index: 0, id: "a", text: "{}" })));
    expect([error.reason, error.info["cause"]]).toEqual(["PROVIDER_BAD_RESPONSE", "tool_call_without_name"]);
  });

  it("may be of the one function that could be called once", () => {
    const said = (name: string, text: string) => delta({ function_call: { ...(name && { name }), arguments: text } });
    expect(read(said("f", ""), said("", "{"), said("", "}"))).toEqual(["call_0 f {}"]);
  });

  it("come between texts", () => {
    const body = delta({ content: "One" }) + calls({ index: 0, id: "a", name: "f" }) + delta({ content: "Two" });
    expect(streamed(body + ending("tool_calls") + done)).toMatchObject({
      message: { content: [{ text: "One" }, { toolCall: { id: "a" } }, { text: "Two" }] },
    });
  });

  it("make the end a tool call although the server says stop, or nothing", () => {
    const body = calls({ index: 0, id: "a", name: "f", text: "{}" });
    const finishReason = "FINISH_REASON_TOOL_CALLS";
    expect(streamed(body + ending("stop") + done)).toMatchObject({ finishReason, nativeFinishReason: "stop" });
    expect(streamed(body + done)).toMatchObject({ finishReason });
    expect(streamed(body + ending("length") + done)).toMatchObject({ finishReason: "FINISH_REASON_MAX_TOKENS" });
  });

  it("give the exact arguments in any order of arrival", () => {
    const fragments = fc.array(fc.tuple(fc.nat(3), fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 60 });
    fc.assert(
      fc.property(fragments, (list) => {
        const begun = [0, 1, 2, 3].map((index) => calls({ index, id: `c${index}`, name: "f" }));
        const grown = list.map(([index, text]) => calls({ index, text }));
        const textOf = (wanted: number) => list.map(([index, text]) => (index === wanted ? text : "")).join("");
        expect(read(...begun, ...grown)).toEqual([0, 1, 2, 3].map((index) => `c${index} f ${textOf(index)}`));
      }),
    );
  });
});
