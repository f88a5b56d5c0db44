/** A way to cut a body into the pieces that arrive one by one. */
export type Cut = (body: Buffer) => readonly Buffer[];

/** Every way in which a body is replayed. */
export const cuts: Readonly<Record<string, Cut>> = {
  whole: (body) => [body],
  "byte by byte": (body) =>
    cutAt(
      body,
      indices(body, () => true),
    ),
  "before each boundary": (body) => cutAt(body, boundaries(body, -1)),
  "at each boundary": (body) => cutAt(body, boundaries(body, 0)),
  "after each boundary": (body) => cutAt(body, boundaries(body, 1)),
  "inside each character": (body) => cutAt(body, indices(body, isContinuation)),
};

/** Cuts a buffer before each of the positions, which ascend. */
export function cutAt(body: Buffer, positions: readonly number[]): Buffer[] {
  const bounds = [0, ...positions.filter((at) => at > 0 && at < body.length), body.length];
  return bounds.slice(1).map((end, i) => body.subarray(bounds[i], end));
}

/** Ends of lines that end an event, or of any line when nothing does, moved by some bytes. */
function boundaries(body: Buffer, by: number): number[] {
  const text = body.toString("latin1");
  const ends = [...text.matchAll(/\r?\n\r?\n/g)].map(({ 0: end, index }) => index + end.length);
  const places = ends.length > 0 ? ends : [...text.matchAll(/[\n,]/g)].map(({ index }) => index + 1);
  return places.map((at) => at + by);
}

function indices(body: Buffer, wanted: (byte: number) => boolean): number[] {
  return [...body.keys()].filter((at) => wanted(body[at] ?? 0));
}

/** Whether a byte of UTF-8 continues a character. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
