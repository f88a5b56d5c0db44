/** Longer texts are read by the platform; for shorter ones the call into C++ is most of the work. */
const shortBytes = 24;

const { fromCharCode } = String;

/** ASCII that lies in `bytes`, as text: a fifth of the time of `toString` for the length of a token. */
export function asciiIn(bytes: Buffer, start: number, end: number): string {
  if (end - start > shortBytes) return bytes.toString("latin1", start, end);
  let text = "";
  let at = start;
  for (; end - at > 8; at += 8) text += eightOf(bytes, at, 8);
  return at === start ? eightOf(bytes, at, end - at) : text + eightOf(bytes, at, end - at);
}

/** Up to eight characters. */
function eightOf(bytes: Buffer, at: number, count: number): string {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  if (count < 4) {
    if (count === 3) return fromCharCode(a, b, c);
    if (count === 2) return fromCharCode(a, b);
    return count === 1 ? fromCharCode(a) : "";
  }
  const e = bytes[at + 4] as number;
  const f = bytes[at + 5] as number;
  const g = bytes[at + 6] as number;
  switch (count) {
    case 4:
      return fromCharCode(a, b, c, d);
    case 5:
      return fromCharCode(a, b, c, d, e);
    case 6:
      return fromCharCode(a, b, c, d, e, f);
    case 7:
      return fromCharCode(a, b, c, d, e, f, g);
    default:
      return fromCharCode(a, b, c, d, e, f, g, bytes[at + 7] as number);
  }
}
