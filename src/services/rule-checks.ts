import { type DescEnum, type DescMessage, isFieldSet, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type DoubleRules,
  DoubleRulesSchema,
  type DurationRules,
  DurationRulesSchema,
  type EnumRules,
  EnumRulesSchema,
  type Int32Rules,
  Int32RulesSchema,
  type MapRules,
  MapRulesSchema,
  type RepeatedRules,
  RepeatedRulesSchema,
  type StringRules,
  StringRulesSchema,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** Whether a value surely follows a rule; false says nothing. */
export type ValueCheck = (value: unknown) => boolean;

/** Whether a list or map of this size surely follows a rule. */
export type SizeCheck = (size: number) => boolean;

/** For rules that only protovalidate knows. */
export const never: ValueCheck & SizeCheck = () => false;

/**
 * A common address: of the web, or content, in ASCII, with nothing that is rare in one. Repeated is one class of characters:
 * for a choice the engine keeps a place for each character of megabytes, until its room for places ends.
 */
const commonUri =
  /^(?:https?:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?][\w.~!$&'()*+,;=:@/?%-]*)?|data:\w[\w.~!$&'()*+,;=:@/?%-]*)$/;
const brokenEscape = /%(?![0-9A-Fa-f]{2})/;

/** Text is measured in UTF-16: of that it has at least as much as of the characters that rules count, and at most twice. */
export function stringCheck(rules: StringRules): ValueCheck {
  if (!hasOnly(StringRulesSchema, rules, "min_len", "max_len", "pattern", "uri")) return never;
  const least = Number(rules.minLen);
  const min = least < 2 ? least : 2 * least;
  const max = boundOf(StringRulesSchema, rules, "max_len", rules.maxLen);
  const pattern = rules.pattern === "" ? undefined : new RegExp(rules.pattern, "u");
  const isUri = rules.wellKnown.case === "uri" && rules.wellKnown.value;
  return (value) =>
    typeof value === "string" &&
    value.length >= min &&
    value.length <= max &&
    (pattern === undefined || pattern.test(value)) &&
    (!isUri || (commonUri.test(value) && !brokenEscape.test(value)));
}

/** Numbers between bounds; none that is not a number. */
export function numberCheck(rules: Int32Rules | DoubleRules): ValueCheck {
  const isKnown =
    rules.$typeName === Int32RulesSchema.typeName
      ? hasOnly(Int32RulesSchema, rules as Int32Rules, "gt", "gte", "lt", "lte")
      : hasOnly(DoubleRulesSchema, rules as DoubleRules, "gt", "gte", "lt", "lte");
  const { greaterThan, lessThan } = rules;
  const [min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY] = [greaterThan.value, lessThan.value];
  if (!isKnown || !(min <= max)) return never;
  const [aboveMin, belowMax] = [greaterThan.case === "gt", lessThan.case === "lt"];
  return (value) =>
    typeof value === "number" && (aboveMin ? value > min : value >= min) && (belowMax ? value < max : value <= max);
}

/** Values of an enum: those that it defines, if the rules ask for it, and not the forbidden ones. */
export function enumCheck(schema: DescEnum, rules: EnumRules): ValueCheck {
  if (!hasOnly(EnumRulesSchema, rules, "defined_only", "not_in")) return never;
  const allowed = new Set<unknown>(schema.values.map(({ number }) => number));
  for (const number of rules.notIn) allowed.delete(number);
  return (value) => allowed.has(value);
}

/** Spans of time from nothing to some centuries, between bounds. */
export function durationCheck(rules: DurationRules): ValueCheck {
  if (!hasOnly(DurationRulesSchema, rules, "gt", "gte", "lt", "lte")) return never;
  const { greaterThan, lessThan } = rules;
  const min = greaterThan.value === undefined ? 0n : nanosOf(greaterThan.value);
  const max = lessThan.value === undefined ? undefined : nanosOf(lessThan.value);
  const [aboveMin, belowMax] = [greaterThan.case === "gt", lessThan.case === "lt"];
  return (value) => {
    const { seconds, nanos } = value as Duration;
    if (seconds < 0n || seconds > 10_000_000_000n || nanos < 0 || nanos > 999_999_999) return false;
    const span = nanosOf(value as Duration);
    return (aboveMin ? span > min : span >= min) && (max === undefined || (belowMax ? span < max : span <= max));
  };
}

/** How many items a list may have, and whether each may be there once only: of texts, whose likeness is plain. */
export function itemsCheck(rules: RepeatedRules, scalar: ScalarType | undefined): ValueCheck {
  const { unique } = rules;
  if (!hasOnly(RepeatedRulesSchema, rules, "min_items", "max_items", "unique", "items")) return never;
  if (unique && scalar !== ScalarType.STRING) return never;
  const min = Number(rules.minItems);
  const max = boundOf(RepeatedRulesSchema, rules, "max_items", rules.maxItems);
  return (list) => {
    const items = list as readonly unknown[];
    const { length } = items;
    return length >= min && length <= max && (!unique || new Set(items).size === length);
  };
}

/** How many pairs a map may have. */
export function pairsCheck(rules: MapRules): SizeCheck {
  if (!hasOnly(MapRulesSchema, rules, "min_pairs", "max_pairs", "keys", "values")) return never;
  const max = boundOf(MapRulesSchema, rules, "max_pairs", rules.maxPairs);
  return (size) => size >= Number(rules.minPairs) && size <= max;
}

/** Of all rules that there could be, these alone are given. */
function hasOnly<Desc extends DescMessage>(schema: Desc, rules: MessageShape<Desc>, ...names: string[]): boolean {
  if (rules.$unknown !== undefined && rules.$unknown.length > 0) return false;
  return schema.fields.every((field) => names.includes(field.name) || !isFieldSet(rules, field));
}

function boundOf<Desc extends DescMessage>(schema: Desc, rules: MessageShape<Desc>, name: string, max: bigint): number {
  const field = schema.fields.find((each) => each.name === name);
  return field !== undefined && isFieldSet(rules, field) ? Number(max) : Number.POSITIVE_INFINITY;
}

function nanosOf({ seconds, nanos }: Duration): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}
