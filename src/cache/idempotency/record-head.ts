/** Bytes of a request's digest. */
export const digestBytes = 32;

/** How the call ended that a record is of; the first byte says which. */
export const forms = ["answer", "error", "unkept"] as const;

/** Bytes before what is kept of the ending. */
export const headBytes = 1 + digestBytes;

/** The record of a key whose answer is kept no longer. */
export function withoutAnswer(record: Uint8Array): Uint8Array {
  return Uint8Array.of(forms.indexOf("unkept"), ...record.subarray(1, headBytes));
}
