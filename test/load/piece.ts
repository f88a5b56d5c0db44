/** Text of a piece: its number, so that one which is lost, doubled or out of place shows. */
export function pieceText(number: number): string {
  return ` ${number}`;
}

/** Stands in the text of a request before the deadline of its caller. */
export const dueMark = "due ";
/** Digits of a deadline: milliseconds since 1970 have 13 until the year 2286. */
export const dueDigits = 13;
