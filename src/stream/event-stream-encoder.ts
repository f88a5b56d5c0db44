import { crc32 } from "node:zlib";

/** Number of the type of text. */
const text = 7;

/** Longest value of a header, in bytes: AWS's own limit, below what two bytes can say. */
const valueBytesMax = 32_767;

/**
 * One message of application/vnd.amazon.eventstream whose headers are all text. A name takes 1 to 255 bytes and a value at most
 * 32767; throws RangeError beyond that.
 */
export function encodeEvent(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const block = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + block.length + payload.length, 0);
  prelude.writeUInt32BE(block.length, 4);
  const checked = Buffer.concat([prelude, checksumOf(prelude), block, payload]);
  return Buffer.concat([checked, checksumOf(checked)]);
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name);
  const valueBytes = Buffer.from(value);
  if (nameBytes.length === 0 || nameBytes.length > 255) throw new RangeError("a header's name takes 1 to 255 bytes");
  if (valueBytes.length > valueBytesMax) throw new RangeError(`a header's value takes at most ${valueBytesMax} bytes`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(valueBytes.length);
  return Buffer.concat([Buffer.of(nameBytes.length), nameBytes, Buffer.of(text), length, valueBytes]);
}

function checksumOf(bytes: Buffer): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum;
}
