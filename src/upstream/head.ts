import type { Headers } from "../model/protocol.ts";
import { parseHeaders } from "./client.ts";

/** The headers of a response, of which few are read as long as it is an answer. */
export interface Head {
  /** By its name in lower case; a list where the header came more than once. */
  get(name: string): string | string[] | undefined;
  all(): Headers;
}

/** Headers as they came: names and values in turn. Nothing is decoded before it is asked for. */
export class RawHead implements Head {
  readonly #raw: readonly Buffer[];

  constructor(raw: readonly Buffer[]) {
    this.#raw = raw;
  }

  get(name: string): string | string[] | undefined {
    const raw = this.#raw;
    let found: string | string[] | undefined;
    for (let at = 0; at + 1 < raw.length; at += 2) {
      if (!isNamed(raw[at] as Buffer, name)) continue;
      const value = (raw[at + 1] as Buffer).toString("latin1");
      if (found === undefined) found = value;
      else if (typeof found === "string") found = [found, value];
      else found.push(value);
    }
    return found;
  }

  all(): Headers {
    return parseHeaders([...this.#raw]);
  }
}

function isNamed(raw: Buffer, name: string): boolean {
  if (raw.length !== name.length) return false;
  for (let at = 0; at < raw.length; at++) {
    const code = raw[at] as number;
    if ((code >= 0x41 && code <= 0x5a ? code + 0x20 : code) !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** Headers of what is told in the words of HTTP, and is none. */
export class PlainHead implements Head {
  readonly #headers: Headers;

  constructor(headers: Headers) {
    this.#headers = headers;
  }

  get(name: string): string | string[] | undefined {
    return this.#headers[name];
  }

  all(): Headers {
    return this.#headers;
  }
}
