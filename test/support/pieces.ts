/** Cuts bytes at places that are taken modulo their number: any list of numbers is a way to cut. */
export function pieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

/** Each byte alone. */
export function singleBytes(bytes: Buffer): Buffer[] {
  return pieces(bytes, [...bytes.keys()]);
}
