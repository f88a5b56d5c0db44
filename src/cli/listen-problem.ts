import { addressText } from "../config/address-text.ts";
import type { Address } from "../config/schema.ts";

/** Codes of a system error that mean an address cannot be listened on. */
const texts: Readonly<Record<string, (address: Address, flag: string) => string>> = {
  EADDRINUSE: (address, flag) =>
    `port ${address.port} of ${address.host} is in use by another program; stop that one, or choose another port with ${flag}`,
  EACCES: (address, flag) => `port ${address.port} needs more rights; choose one above 1023 with ${flag}`,
  EADDRNOTAVAIL: (address, flag) => `${address.host} is no address of this machine; choose another with ${flag}`,
  ENOTFOUND: (address, flag) => `the host name ${address.host} is not known; choose another with ${flag}`,
};

/** What to tell a person when a server could not start. */
export function listenProblem(error: unknown, address: Address, flag: string): string {
  const text = texts[errorCode(error)];
  if (text !== undefined) return text(address, flag);
  return `cannot listen on ${addressText(address)}: ${error instanceof Error ? error.message : String(error)}`;
}

/** Whether a failure is about an address to listen on. */
export function isListenProblem(error: unknown): boolean {
  return texts[errorCode(error)] !== undefined;
}

/** Port that a system error names, if any. */
export function errorPort(error: unknown): number | undefined {
  const { port } = Object(error) as { port?: unknown };
  return typeof port === "number" ? port : undefined;
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
