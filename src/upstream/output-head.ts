import { GatewayError } from "../model/error.ts";

/** Most bytes of text before the first line of JSON. */
const textBytesMax = 64 * 1024;
const brace = 0x7b;

/** Tells what a program says first in plain text, such as a notice, from the lines of JSON that it was asked for. */
export class OutputHead {
  /** Output before the first line of JSON. */
  text: Buffer = Buffer.alloc(0);

  /** What belongs to the answer; undefined while no line has begun with a brace. Throws PROVIDER_BAD_RESPONSE past 64 KiB of text. */
  push(bytes: Buffer): Buffer | undefined {
    const held = this.text.length === 0 ? bytes : Buffer.concat([this.text, bytes]);
    const start = held[0] === brace ? 0 : held.indexOf("\n{") + 1;
    if (start > 0 || held[0] === brace) {
      this.text = held.subarray(0, start);
      return held.subarray(start);
    }
    if (held.length > textBytesMax) {
      throw new GatewayError("PROVIDER_BAD_RESPONSE", "the program's output does not begin with JSON", {
        metadata: { cause: "not_json" },
      });
    }
    this.text = held;
    return undefined;
  }
}
