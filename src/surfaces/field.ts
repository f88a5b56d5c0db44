import * as v from "valibot";

/** A schema and what its name does not say, which stands in the description of the API. */
export function described<Schema extends v.GenericSchema>(schema: Schema, about: string) {
  return v.pipe(schema, v.description(about));
}

/** A field that may be left out, or be null, which says the same. */
export function given<Schema extends v.GenericSchema>(schema: Schema, about: string) {
  return described(v.nullish(schema), about);
}

/** A whole number, of any size. */
export const whole = v.pipe(v.number(), v.integer("must be a whole number"));

/** A schema under a name of its own, by which the description of the API tells of it once, wherever it is used. */
export function named<Schema extends v.GenericSchema>(title: string, about: string, schema: Schema) {
  return v.pipe(schema, v.title(title), v.description(about));
}
