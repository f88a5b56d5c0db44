import * as v from "valibot";

const texts = v.union(
  [
    v.string(),
    v.pipe(v.array(v.string("must be text; lists of tokens are not taken")), v.nonEmpty("must not be empty")),
  ],
  "must be text or a list of texts",
);

const fields = {
  model: v.nullish(v.string()),
  input: texts,
  encoding_format: v.nullish(v.picklist(["float", "base64"])),
  dimensions: v.nullish(v.pipe(v.number(), v.integer("must be a whole number"))),
  user: v.nullish(v.string()),
  llmhub: v.nullish(v.looseObject({})),
};

/** A request of OpenAI's embeddings. Fields that it does not name are left to the provider. */
export const embeddingsBody = v.looseObject(fields);

/** Names of the fields above. */
export const embeddingsFields: ReadonlySet<string> = new Set(Object.keys(fields));
