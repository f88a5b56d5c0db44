import type { Vectors } from "../model/vectors.ts";
import { badResponse } from "./bad-response.ts";

/** Bytes of an IEEE 754 binary32. */
const floatBytes = 4;

/** Reads one vector: a list of numbers, or base64 of little-endian binary32, all finite. Undefined for anything else. */
export function vectorOf(value: unknown): Float32Array | undefined {
  const vector = typeof value === "string" ? unpacked(value) : Array.isArray(value) ? listed(value) : undefined;
  return vector?.every(Number.isFinite) ? vector : undefined;
}

function listed(value: readonly unknown[]): Float32Array | undefined {
  return value.every((one) => typeof one === "number") ? Float32Array.from(value) : undefined;
}

function unpacked(value: string): Float32Array | undefined {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length % floatBytes !== 0) return undefined;
  return Float32Array.from({ length: bytes.length / floatBytes }, (_, at) => bytes.readFloatLE(at * floatBytes));
}

/** The vectors if there is one of the same length for each of `count` texts. Throws PROVIDER_BAD_RESPONSE otherwise. */
export function checkVectors(vectors: readonly (Float32Array | undefined)[], count: number): Vectors {
  const known = vectors.filter((vector) => vector !== undefined);
  if (known.length !== vectors.length) throw badResponse("bad_vector", "sent a vector that is no list of numbers");
  if (known.length !== count) throw badResponse("vector_count", `sent ${known.length} vectors for ${count} texts`);
  const length = known[0]?.length ?? 0;
  if (length === 0) throw badResponse("bad_vector", "sent an empty vector");
  if (known.some((vector) => vector.length !== length)) {
    throw badResponse("bad_vector", "sent vectors of different lengths");
  }
  return known;
}
