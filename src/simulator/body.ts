import type { IncomingMessage } from "node:http";

const bodyBytesMax = 32 * 1024 * 1024;

/**
 * The whole request body, or undefined when it is above 32 MiB. What is above is read and dropped, so that the client
 * gets to see the refusal.
 */
export async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of message) {
    bytes += part.length;
    if (bytes <= bodyBytesMax) parts.push(part);
    else parts = [];
  }
  return bytes <= bodyBytesMax ? Buffer.concat(parts) : undefined;
}
