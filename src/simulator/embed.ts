import type { EmbedAnswer, EmbedAsk } from "./dialect.ts";
import { fraction } from "./identifier.ts";
import type { JsonObject } from "./json.ts";
import { countTokens } from "./tokens.ts";

/** Length of a vector when the request names none: short, so that answers can be read. */
const dimensionsDefault = 8;
const dimensionsMax = 4096;

/** Makes a vector of length 1 out of each text; the same text always gets the same one. */
export function embed(ask: EmbedAsk, body: JsonObject, seed: string): EmbedAnswer {
  const dimensions = Math.min(ask.dimensions ?? dimensionsDefault, dimensionsMax);
  const vectors = ask.texts.map((text) =>
    unit(Array.from({ length: dimensions }, (_, at) => fraction(text, String(at)) - 0.5)),
  );
  return { body, ask, vectors, inputTokens: countTokens(ask.texts), seed };
}

/** Rounded to what a float of 32 bits holds, as providers do. */
function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => Math.fround(value / length));
}
