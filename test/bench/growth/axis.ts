import type { ServedOptions } from "../../support/served-gateway.ts";
import type { Answer } from "./answer.ts";
import type { Ask, Door } from "./request.ts";

/** Something that there can be more and more of, and what calls look like then. */
export interface Axis {
  readonly title: string;
  readonly door: Door;
  /** What the cost is given for. */
  readonly unit: "call" | "kB" | "chunk" | "tool call" | "message";
  /** From little to much. */
  readonly sizes: readonly [small: number, middle: number, large: number];
  /** Of one call. */
  units(size: number): number;
  answer(size: number): Answer;
  /** Calls that are made in turn. */
  asks(size: number): readonly Ask[];
  atOnce(size: number): number;
  /** What each size asks of the gateway's configuration; absent: the gateway that the other axes use. */
  readonly configuration?: (size: number) => Partial<ServedOptions>;
}

/** Calls at once, at most. */
export const callsMax = 1000;
const atOnce = 4;
/** Keys and aliases that calls are spread over. */
const namesUsed = 500;
const usualAnswer: Answer = { kind: "whole", textBytes: 40 };
const doors = ["grpc", "http"] as const;
const doorTitles = { grpc: "gRPC", http: "HTTP" };

export const axes: readonly Axis[] = [
  ...doors.map((door) =>
    axis(door, "calls at once", "call", [1, 32, callsMax], {
      atOnce: (size) => size,
    }),
  ),
  axis("grpc", "API keys", "call", [1, 1000, 10_000], {
    asks: (size) => spread(size).map((key) => ({ key })),
    configuration: (size) => ({ tenants: Array.from({ length: size }, (_, i) => `tenant-${i}`) }),
  }),
  axis("grpc", "models, each with two aliases", "call", [10, 200, 2000], {
    asks: (size) => spread(size).map((i) => ({ model: `alias-${i}` })),
    configuration: (size) => ({ models: manyModels(size) }),
  }),
  ...doors.flatMap((door) => [
    axis(door, "bytes of prompt", "kB", [1000, 64_000, 4_000_000], {
      asks: (promptBytes) => [{ promptBytes }],
      units: kilo,
    }),
    axis(door, "messages of a conversation", "message", [10, 200, 4000], {
      asks: (messages) => [{ messages }],
    }),
    axis(door, "bytes of a whole answer", "kB", [1000, 64_000, 4_000_000], {
      answer: (textBytes) => ({ kind: "whole", textBytes }),
      units: kilo,
    }),
    axis(door, "chunks of a stream", "chunk", [10, 1000, 100_000], {
      answer: (count) => ({ kind: "pieces", count }),
    }),
    axis(door, "tool calls in a stream", "tool call", [1, 30, 1000], {
      answer: (count) => ({ kind: "calls", count }),
    }),
    axis(door, "bytes of arguments in a stream, 20 at a time", "kB", [1000, 64_000, 3_000_000], {
      // In deltas so small 3 MB are nearly the 64 MiB that an answer of a provider may have.
      answer: (bytes) => ({ kind: "arguments", bytes }),
      units: kilo,
    }),
  ]),
];

function axis(
  door: Door,
  title: string,
  unit: Axis["unit"],
  sizes: Axis["sizes"],
  rest: Partial<Omit<Axis, "title" | "door" | "unit" | "sizes">>,
): Axis {
  const { asks = () => [{}], answer = () => usualAnswer } = rest;
  const units = unit === "call" ? () => 1 : (size: number) => size;
  return {
    units,
    atOnce: () => atOnce,
    ...rest,
    title: `${doorTitles[door]}: ${title}`,
    door,
    unit,
    sizes,
    answer,
    asks: (size) => asks(size).map((ask) => ({ streams: answer(size).kind !== "whole", ...ask })),
  };
}

function kilo(bytes: number): number {
  return bytes / 1000;
}

/** Some of so many, from the first to the last. */
function spread(count: number): readonly number[] {
  const used = Math.min(count, namesUsed);
  return Array.from({ length: used }, (_, i) => Math.floor((i * count) / used));
}

/** Models of which facts are known, all with an alias of their own and one that leads to it. */
function manyModels(count: number): NonNullable<ServedOptions["models"]> {
  const numbers = Array.from({ length: count }, (_, i) => i);
  return {
    known: Object.fromEntries(numbers.map((i) => [`model-${i}`, { contextWindow: 128_000 }])),
    aliases: Object.fromEntries(
      numbers.flatMap((i) => [
        [`alias-${i}`, `second-${i}`],
        [`second-${i}`, `openai/model-${i}`],
      ]),
    ),
  };
}
