import {
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  isFieldSet,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Ignore,
  message as messageOption,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import {
  durationCheck,
  enumCheck,
  itemsCheck,
  never,
  numberCheck,
  pairsCheck,
  stringCheck,
  type ValueCheck,
} from "./rule-checks.ts";

type Fields = Readonly<Record<string, unknown>>;
type Chosen = { readonly case: string | undefined; readonly value?: unknown };
type FieldOf<Kind> = DescField & { fieldKind: Kind };

/**
 * Sees whether messages follow the rules of their proto files. What is wrong with one is for protovalidate to say, which
 * compiles some 200 expressions before it does: 200 ms and 8 MB that a gateway without bad requests does without. Tests
 * hold it against protovalidate.
 */
export class RuleGlance {
  readonly #plans = new Map<DescMessage, readonly ValueCheck[]>();

  /** False says nothing: there is a rule that is not known here, or a value that needs a closer look. */
  follows(schema: DescMessage, message: Message): boolean {
    for (const check of this.#planOf(schema)) if (!check(message)) return false;
    return true;
  }

  #planOf(schema: DescMessage): readonly ValueCheck[] {
    let plan = this.#plans.get(schema);
    if (plan === undefined) {
      plan = this.#compiled(schema);
      this.#plans.set(schema, plan);
    }
    return plan;
  }

  #compiled(schema: DescMessage): readonly ValueCheck[] {
    const { cel, celExpression, oneof, $unknown } = getOption(schema, messageOption);
    if (cel.length + celExpression.length + ($unknown?.length ?? 0) > 0) return [never];
    const choices = oneof.map(({ fields, required }) => choiceCheck(schema, fields, required));
    const members = schema.members.map((each) =>
      each.kind === "oneof" ? this.#oneofCheck(each) : this.#fieldCheck(each),
    );
    return [...members.filter((check) => check !== undefined), ...choices];
  }

  /** Undefined where any value will do. */
  #oneofCheck(oneof: DescOneof): ValueCheck | undefined {
    const { required } = getOption(oneof, oneofOption);
    const checks = new Map<string | undefined, ValueCheck>();
    if (required) checks.set(undefined, never);
    for (const field of oneof.fields) {
      const rules = getOption(field, fieldOption);
      const check = isPlain(rules) && !rules.required ? this.#valueCheck(field, rules) : never;
      if (check !== undefined) checks.set(field.localName, check);
    }
    if (checks.size === 0) return undefined;
    return (message) => {
      const chosen = (message as Readonly<Record<string, Chosen>>)[oneof.localName];
      return checks.get(chosen?.case)?.(chosen?.value) ?? true;
    };
  }

  /** Undefined where any value will do. */
  #fieldCheck(field: DescField): ValueCheck | undefined {
    const rules = getOption(field, fieldOption);
    if (!isPlain(rules)) return never;
    const required: ValueCheck | undefined = rules.required
      ? (message) => isFieldSet(message as Message, field)
      : undefined;
    const check = this.#valueCheck(field, rules);
    const { localName } = field;
    return both(required, check && ((message) => isAbsentOr(check, (message as Fields)[localName])));
  }

  #valueCheck(field: DescField, rules: FieldRules): ValueCheck | undefined {
    switch (field.fieldKind) {
      case "message":
        return this.#messageCheck(field.message, rules);
      case "list":
        return this.#listCheck(field, rules);
      case "map":
        return this.#mapCheck(field, rules);
      default:
        return plainCheck(field, rules);
    }
  }

  #listCheck(field: FieldOf<"list">, { type }: FieldRules): ValueCheck | undefined {
    if (type.case === undefined) return eachOf(this.#elementCheck(field, undefined));
    if (type.case !== "repeated") return never;
    return both(itemsCheck(type.value, field.scalar), eachOf(this.#elementCheck(field, type.value.items)));
  }

  #mapCheck(field: FieldOf<"map">, { type }: FieldRules): ValueCheck | undefined {
    if (type.case !== undefined && type.case !== "map") return never;
    const rules = type.value;
    const value = eachOf(this.#elementCheck(field, rules?.values));
    const values: ValueCheck | undefined = value && ((map) => value(Object.values(map as object)));
    if (rules === undefined) return values;
    const size = pairsCheck(rules);
    const key = eachOf(rules.keys && isPlain(rules.keys) ? keyCheck(field, rules.keys) : rules.keys && never);
    return both(
      both((map) => size(Object.keys(map as object).length), key && ((map) => key(Object.keys(map as object)))),
      values,
    );
  }

  #elementCheck(field: FieldOf<"list" | "map">, rules: FieldRules | undefined): ValueCheck | undefined {
    if (rules !== undefined && (!isPlain(rules) || rules.required)) return never;
    if (field.message !== undefined) return this.#messageCheck(field.message, rules);
    return rules && plainCheck(field, rules);
  }

  #messageCheck(schema: DescMessage, rules: FieldRules | undefined): ValueCheck | undefined {
    // A message can hold itself, so its plan is made when it is first met.
    const inner: ValueCheck | undefined = hasRules(schema)
      ? (message) => this.follows(schema, message as Message)
      : undefined;
    const type = rules?.type;
    if (type?.case === undefined) return inner;
    return type.case === "duration" ? both(durationCheck(type.value), inner) : never;
  }
}

/** The rules are for one type of value, and maybe that it is required. */
function isPlain({ cel, celExpression, ignore, $unknown }: FieldRules): boolean {
  return cel.length + celExpression.length + ($unknown?.length ?? 0) === 0 && ignore === Ignore.UNSPECIFIED;
}

/** Of values that are no messages. */
function plainCheck(field: Pick<DescField, "scalar" | "enum">, { type }: FieldRules): ValueCheck | undefined {
  const { scalar, enum: schema } = field;
  if (type.case === undefined) return undefined;
  if (type.case === "string" && scalar === ScalarType.STRING) return stringCheck(type.value);
  if (type.case === "int32" && scalar === ScalarType.INT32) return numberCheck(type.value);
  if (type.case === "double" && scalar === ScalarType.DOUBLE) return numberCheck(type.value);
  return type.case === "enum" && schema !== undefined ? enumCheck(schema, type.value) : never;
}

function keyCheck({ mapKey }: FieldOf<"map">, { type }: FieldRules): ValueCheck | undefined {
  if (type.case === undefined) return undefined;
  return type.case === "string" && mapKey === ScalarType.STRING ? stringCheck(type.value) : never;
}

/** Whether a message, or one that it can hold, has rules at all: what has none need not be looked at. */
function hasRules(schema: DescMessage, seen = new Set<DescMessage>()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const { cel, celExpression, oneof } = getOption(schema, messageOption);
  return (
    cel.length + celExpression.length + oneof.length > 0 ||
    schema.oneofs.some((each) => getOption(each, oneofOption).required) ||
    schema.fields.some((field) => isRuled(field) || (field.message !== undefined && hasRules(field.message, seen)))
  );
}

function isRuled(field: DescField): boolean {
  const rules = getOption(field, fieldOption);
  return !isPlain(rules) || FieldRulesSchema.fields.some((rule) => isFieldSet(rules, rule));
}

/** At most one of the fields is set, or exactly one. */
function choiceCheck(schema: DescMessage, names: readonly string[], required: boolean): ValueCheck {
  const fields = schema.fields.filter(({ name }) => names.includes(name));
  return (message) => {
    let count = 0;
    for (const field of fields) if (isFieldSet(message as Message, field)) count += 1;
    return count === 1 || (count === 0 && !required);
  };
}

function isAbsentOr(check: ValueCheck, value: unknown): boolean {
  return value === undefined || check(value);
}

function both(a: ValueCheck | undefined, b: ValueCheck | undefined): ValueCheck | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (value) => a(value) && b(value);
}

function eachOf(check: ValueCheck | undefined): ValueCheck | undefined {
  if (check === undefined) return undefined;
  return (list) => {
    for (const item of list as readonly unknown[]) if (!check(item)) return false;
    return true;
  };
}
