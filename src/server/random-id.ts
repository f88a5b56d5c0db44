import { randomFillSync } from "node:crypto";

/** Bytes of one id, and how many ids are drawn at once: a draw costs as much as hundreds of them. */
const idBytes = 16;
const idsDrawn = 128;

const drawn = Buffer.alloc(idBytes * idsDrawn);
let at = drawn.length;

/** 32 hexadecimal digits, unguessable. */
export function randomHex(): string {
  const from = draw();
  return drawn.toString("hex", from, from + idBytes);
}

const digits = Buffer.from("0123456789abcdef", "latin1");
/** The text of the id that is made; its dashes stay. */
const text = Buffer.from("00000000-0000-0000-0000-000000000000", "latin1");
/** Where each byte is written. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const versionAt = 6;
const variantAt = 8;

/**
 * A random UUID (RFC 9562, version 4). crypto.randomUUID puts its strings together of twenty pieces, which stay in memory
 * as long as the id; this one is a single piece.
 */
export function randomUuid(): string {
  const from = draw();
  drawn[from + versionAt] = ((drawn[from + versionAt] ?? 0) & 0x0f) | 0x40;
  drawn[from + variantAt] = ((drawn[from + variantAt] ?? 0) & 0x3f) | 0x80;
  for (let i = 0; i < idBytes; i++) {
    const byte = drawn[from + i] ?? 0;
    const place = places[i] ?? 0;
    text[place] = digits[byte >> 4] ?? 0;
    text[place + 1] = digits[byte & 0x0f] ?? 0;
  }
  return text.toString("latin1");
}

/** Where the bytes of the next id begin. */
function draw(): number {
  if (at === drawn.length) {
    randomFillSync(drawn);
    at = 0;
  }
  at += idBytes;
  return at - idBytes;
}
