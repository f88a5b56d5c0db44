import { existsSync, readFileSync } from "node:fs";

/** A shape of AWS's description language, as far as requests need it. */
interface Shape {
  readonly type: string;
  readonly required?: readonly string[];
  /** Exactly one member is set. */
  readonly union?: boolean;
  /** Any JSON. */
  readonly document?: boolean;
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly members?: Readonly<Record<string, { readonly shape: string; readonly location?: string }>>;
  readonly member?: { readonly shape: string };
  readonly value?: { readonly shape: string };
}

/** The shapes of a service by name. */
export type Shapes = Readonly<Record<string, Shape>>;

const copy = new URL("../fixtures/specs/aws-bedrock-runtime.json", import.meta.url);
const shared = new URL(
  "specs/aws-bedrock-runtime/service-2.json",
  `file://${process.env["LLMHUB_SHARED"] ?? new URL("../../../shared", import.meta.url).pathname}/`,
);

/** The description of Bedrock's runtime: the whole one where it is at hand, else the copy of a part of it. */
export function bedrockShapes(): { readonly origin: string; readonly shapes: Shapes } {
  const isWhole = existsSync(shared);
  const { shapes } = JSON.parse(readFileSync(isWhole ? shared : copy, "utf8"));
  return { origin: isWhole ? "AWS's whole description" : "the copy of a part of AWS's description", shapes };
}

/** What is wrong with a value by a shape, with the place of each problem. */
export function shapeProblems(shapes: Shapes, name: string, value: unknown, path = name): string[] {
  const shape = shapes[name];
  if (shape === undefined) return [`${path}: no shape ${name}`];
  if (shape.document) return value === undefined ? [`${path}: is missing`] : [];
  switch (shape.type) {
    case "structure":
      return structureProblems(shapes, shape, value, path);
    case "list":
      if (!Array.isArray(value)) return [`${path}: no list`];
      return [
        ...sizeProblems(shape, value.length, path),
        ...value.flatMap((each, i) => shapeProblems(shapes, shape.member?.shape ?? "", each, `${path}[${i}]`)),
      ];
    case "map":
      if (!isObject(value)) return [`${path}: no map`];
      return Object.entries(value).flatMap(([key, each]) =>
        shapeProblems(shapes, shape.value?.shape ?? "", each, `${path}.${key}`),
      );
    default:
      return scalarProblems(shape, value, path);
  }
}

function structureProblems(shapes: Shapes, shape: Shape, value: unknown, path: string): string[] {
  if (!isObject(value)) return [`${path}: no object`];
  const members = shape.members ?? {};
  const inBody = (name: string) => members[name]?.location === undefined;
  const given = Object.keys(value).filter((name) => value[name] !== undefined);
  const missing = (shape.required ?? []).filter((name) => inBody(name) && !given.includes(name));
  return [
    ...missing.map((name) => `${path}.${name}: is missing`),
    ...(shape.union && given.length !== 1 ? [`${path}: a union with ${given.length} members`] : []),
    ...given.flatMap((name) => {
      const member = members[name];
      return member === undefined || !inBody(name)
        ? [`${path}.${name}: is unknown`]
        : shapeProblems(shapes, member.shape, value[name], `${path}.${name}`);
    }),
  ];
}

function scalarProblems(shape: Shape, value: unknown, path: string): string[] {
  switch (shape.type) {
    case "string":
      if (typeof value !== "string") return [`${path}: no text`];
      return [
        ...sizeProblems(shape, value.length, path),
        ...(shape.enum && !shape.enum.includes(value) ? [`${path}: ${value} is none of ${shape.enum}`] : []),
        ...(shape.pattern && !new RegExp(`^(?:${shape.pattern})$`).test(value) ? [`${path}: breaks the pattern`] : []),
      ];
    case "blob": {
      const isBase64 = typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value;
      return isBase64 ? sizeProblems(shape, Buffer.from(value, "base64").length, path) : [`${path}: no base64`];
    }
    case "boolean":
      return typeof value === "boolean" ? [] : [`${path}: no boolean`];
    case "integer":
      return Number.isInteger(value) ? sizeProblems(shape, Number(value), path) : [`${path}: no whole number`];
    case "float":
      return typeof value === "number" ? sizeProblems(shape, value, path) : [`${path}: no number`];
    default:
      return [`${path}: a shape of the unknown type ${shape.type}`];
  }
}

function sizeProblems({ min, max }: Shape, size: number, path: string): string[] {
  if (min !== undefined && size < min) return [`${path}: ${size} is below ${min}`];
  return max !== undefined && size > max ? [`${path}: ${size} is above ${max}`] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
