import { BadRequest, type Dialect, type EmbedAnswer, type EmbedAsk } from "./dialect.ts";
import { type JsonObject, list, number, string } from "./json.ts";

const textsMax = 2048;

/** Vectors as OpenAI makes and writes them; Mistral and Voyage call the dimensions by another name. */
export const embedding: NonNullable<Dialect["embedding"]> = { read, whole };

function read(body: JsonObject): EmbedAsk {
  const { input } = body;
  const texts = typeof input === "string" ? [input] : list(input).map(string);
  if (string(body["model"]) === "") throw new BadRequest("you must provide a model parameter");
  if (texts.length === 0 || texts.includes("")) throw new BadRequest("'$.input' is invalid.", "input");
  if (texts.length > textsMax) {
    throw new BadRequest(`Invalid 'input': array too long. Expected at most ${textsMax} texts.`, "input");
  }
  const dimensions = number(body["dimensions"] ?? body["output_dimension"]);
  if (dimensions !== undefined && !(dimensions >= 1)) {
    throw new BadRequest("Invalid value for 'dimensions': must be at least 1.", "dimensions");
  }
  return { model: string(body["model"]), texts, dimensions };
}

function whole({ body, ask, vectors, inputTokens }: EmbedAnswer): unknown {
  const encode = body["encoding_format"] === "base64" ? packed : (vector: readonly number[]) => vector;
  return {
    object: "list",
    data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: encode(vector) })),
    model: ask.model,
    usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
  };
}

/** Floats of 32 bits, little endian, in base64. */
function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}
