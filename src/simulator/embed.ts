import { createHash } from "node:crypto";
import type { EmbedAnswer, EmbedAsk } from "./dialect.ts";
import type { JsonObject } from "./json.ts";
import { countTokens } from "./tokens.ts";

/** Length of a vector when the request names none: short, so that answers can be read. */
const dimensionsDefault = 8;
const dimensionsMax = 4096;

/** Makes a vector of length 1 out of each text; the same text always gets the same one. */
export function embed(ask: EmbedAsk, body: JsonObject, seed: string): EmbedAnswer {
  const dimensions = Math.min(ask.dimensions ?? dimensionsDefault, dimensionsMax);
  const vectors = ask.texts.map((text) => unit(spread(text, dimensions)));
  return { body, ask, vectors, inputTokens: countTokens(ask.texts), seed };
}

/** Numbers from -0.5 to 0.5 out of one hash, as long as they need: a hash for each would hold up the process for seconds. */
function spread(text: string, count: number): number[] {
  const bytes = createHash("shake256", { outputLength: 4 * count })
    .update(text)
    .digest();
  return Array.from({ length: count }, (_, at) => bytes.readUInt32LE(4 * at) / 2 ** 32 - 0.5);
}

/** Rounded to what a float of 32 bits holds, as providers do. */
function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => Math.fround(value / length));
}
