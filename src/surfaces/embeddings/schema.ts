import * as v from "valibot";
import { EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { described, given, named, whole } from "../field.ts";
import { ownField } from "../own-fields.ts";

const texts = v.union(
  [
    v.string(),
    v.pipe(v.array(v.string("must be text; lists of tokens are not taken")), v.nonEmpty("must not be empty")),
  ],
  "must be text or a list of texts",
);

/** What the field "llmhub" may say: what this API has no field for. */
export const ownFields = ["routing", "purpose", "truncate", "lossless", "labels", "providerOptions"];

const fields = {
  model: given(v.string(), "An alias or a model of embeddings. Absent: the gateway's default."),
  input: texts,
  encoding_format: given(v.picklist(["float", "base64"]), "base64 is of 32-bit floats, the lowest byte first."),
  dimensions: given(whole, "Length of each vector, where the model lets it be chosen."),
  user: v.nullish(v.string()),
  llmhub: ownField(EmbedRequestSchema, ownFields),
};

/** A request of OpenAI's embeddings. Fields that it does not name are left to the provider. */
export const embeddingsBody = named("EmbeddingsRequest", "Texts to be turned into vectors.", v.looseObject(fields));

/** Names of the fields above. */
export const embeddingsFields: ReadonlySet<string> = new Set(Object.keys(fields));

/** An answer of OpenAI's embeddings. */
export const embeddingsAnswer = named(
  "EmbeddingList",
  "Vectors in the order of the texts.",
  v.object({
    object: v.literal("list"),
    data: v.array(
      v.object({
        object: v.literal("embedding"),
        index: whole,
        embedding: described(v.union([v.array(v.number()), v.string()]), "Numbers, or base64 if asked for."),
      }),
    ),
    model: described(v.string(), "The model that answered."),
    usage: v.object({ prompt_tokens: whole, total_tokens: whole }),
  }),
);
