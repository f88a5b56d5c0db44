import type { MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import type { CompleteRequest, CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { ToolMode } from "../../gen/llmhub/v1/tool_pb.ts";
import type { Marks } from "./marks.ts";

/** A request to complete before it is one. */
export type Init = Exclude<MessageInitShape<typeof CompleteRequestSchema>, CompleteRequest>;

/** Settings of a request, before they are written. */
export interface Settings {
  readonly tools: number;
  readonly choice: "auto" | "none" | "required" | "named" | undefined;
  readonly parallel: boolean | undefined;
  readonly format: "json" | "schema" | undefined;
  readonly numbers: readonly string[];
  readonly stops: number;
  readonly effort: string;
  readonly words: readonly string[];
}

const numbers = [
  "temperature",
  "topP",
  "topK",
  "frequencyPenalty",
  "presencePenalty",
  "seed",
  "maxOutputTokens",
  "topLogprobs",
];

/** Any settings. */
export const settings: fc.Arbitrary<Settings> = fc.record({
  tools: fc.nat({ max: 3 }),
  choice: fc.constantFrom(undefined, undefined, "auto", "none", "required", "named"),
  parallel: fc.constantFrom(undefined, undefined, true, false),
  format: fc.constantFrom(undefined, undefined, "json", "schema"),
  numbers: fc.subarray(numbers),
  stops: fc.nat({ max: 4 }),
  effort: fc.constantFrom("", "", "none", "low", "high"),
  words: fc.subarray(["endUserId", "serviceTier"]),
});

/** The settings as a request has them. */
export function settingsOf(wanted: Settings, marks: Marks): Partial<Init> {
  const tools = Array.from({ length: wanted.tools }, (_, i) => {
    const description = marks.put(`tools[${i}]`);
    const parametersJson = '{"type":"object","properties":{"a":{"type":"string"},"n":{"type":"number"}}}';
    const inputSchema = { case: "parametersJson" as const, value: parametersJson };
    return { kind: { case: "function" as const, value: { name: `tool${i}`, description, inputSchema } } };
  });
  const stops = Array.from({ length: wanted.stops }, () => `stop${marks.next()}x`);
  for (const [i, stop] of stops.entries()) marks.note(`stop_sequences[${i}]`, [stop]);
  const values = Object.fromEntries(wanted.numbers.map((name) => [name, numberOf(name, marks)]));
  const words = Object.fromEntries(wanted.words.map((name) => [name, wordOf(name, marks)]));
  return {
    tools,
    ...choiceOf(wanted),
    ...formatOf(wanted, marks),
    ...values,
    ...words,
    ...(stops.length > 0 ? { stopSequences: stops } : {}),
    ...(wanted.effort === "" ? {} : { reasoning: { effort: wanted.effort } }),
  };
}

function choiceOf({ tools, choice, parallel }: Settings): Partial<Init> {
  if (tools === 0 || (choice === undefined && parallel === undefined)) return {};
  const modes = { auto: ToolMode.AUTO, none: ToolMode.NONE, required: ToolMode.REQUIRED };
  const chosen =
    choice === "named"
      ? { case: "toolName" as const, value: "tool0" }
      : { case: "mode" as const, value: modes[choice ?? "auto"] };
  return { toolChoice: { choice: chosen, ...(parallel === undefined ? {} : { parallel }) } };
}

function formatOf({ format }: Settings, marks: Marks): Partial<Init> {
  if (format === undefined) return {};
  if (format === "json") return { responseFormat: { format: { case: "jsonObject", value: {} } } };
  const word = marks.put("response_format");
  const schema = `{"type":"object","properties":{"${word}":{"type":"string"}},"required":["${word}"],"additionalProperties":false}`;
  const definition = { case: "schemaJson" as const, value: schema };
  return { responseFormat: { format: { case: "jsonSchema", value: { name: "answer", definition } } } };
}

function numberOf(name: string, marks: Marks): number {
  const value = { temperature: 0.625, topP: 0.875, frequencyPenalty: 0.375, presencePenalty: 0.125 }[name];
  const number = value ?? { topK: 37, seed: 424_242, maxOutputTokens: 3217, topLogprobs: 3 }[name] ?? 0;
  marks.note(snake(name), [String(number)]);
  return number;
}

function wordOf(name: string, marks: Marks): string {
  if (name === "serviceTier") {
    marks.note("service_tier", ["priority", "auto"]);
    return "priority";
  }
  return marks.put(snake(name));
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
