import { GatewayError } from "../../model/error.ts";
import { parseExact } from "../../protocols/exact-json.ts";
import type { JsonBody } from "../../surfaces/route.ts";

/** Deepest nesting of a body: far beyond what a schema or a tool call needs, far below what a recursive reader bears. */
const depthMax = 128;
/** Longest name that an error repeats: names in a body are the caller's, and can be content. */
const nameCharsMax = 64;

/**
 * A JSON body out of its text. Throws INVALID_REQUEST for what is no JSON, for a key that stands twice in an object (readers
 * disagree about which one counts), and for nesting beyond 128 levels.
 */
export function parseBody(text: string): JsonBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GatewayError("INVALID_REQUEST", `the body is not JSON${placeOf(error)}`, { cause: error });
  }
  // Only what is certainly JSON is looked through, so the look need not mind syntax.
  let exact = isExact(text) ? value : undefined;
  const exactly = () => {
    exact ??= parseExact(text);
    return exact;
  };
  return { value, exact: exactly };
}

/** V8 quotes the text around the fault, which is content: only the position is kept. */
function placeOf(error: unknown): string {
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return position === undefined ? "" : ` - it breaks at character ${position}`;
}

const quote = 0x22;
const backslash = 0x5c;

/** Whether doubles hold all numbers of a JSON text. Throws for keys that stand twice and for nesting that is too deep. */
function isExact(text: string): boolean {
  const levels: (Set<string> | undefined)[] = [];
  let keys: Set<string> | undefined;
  let atKey = false;
  let exact = true;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = closingQuote(text, at);
        if (atKey) {
          note(text.slice(at, end + 1), keys);
          atKey = false;
        }
        at = end;
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        levels.push(keys);
        if (levels.length > depthMax) throw tooDeep();
        atKey = text.charCodeAt(at) === 0x7b;
        keys = atKey ? new Set() : undefined;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        keys = levels.pop();
        atKey = false;
        break;
      case 0x2c: // ,
        atKey = keys !== undefined;
        break;
      default: {
        const end = numberEnd(text, at);
        if (end === at) break;
        exact &&= isHeld(text.slice(at, end));
        at = end - 1;
      }
    }
  }
  return exact;
}

function note(literal: string, keys: Set<string> | undefined): void {
  const name = literal.includes("\\") ? String(JSON.parse(literal)) : literal.slice(1, -1);
  if (keys?.has(name) === true) {
    const shown = /^[\w.-]+$/.test(name) ? ` ${name.slice(0, nameCharsMax)}` : "";
    throw new GatewayError("INVALID_REQUEST", `the body names the field${shown} twice in one object - send it once`);
  }
  keys?.add(name);
}

function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
}

/** Where the number that starts here ends; `start` if none does. */
function numberEnd(text: string, start: number): number {
  let end = start;
  while (isOfNumber(text.charCodeAt(end), end > start)) end += 1;
  return end;
}

/** "." "+" "e" "E" only within: words such as true have an "e", too. */
function isOfNumber(code: number, within: boolean): boolean {
  if ((code >= 0x30 && code <= 0x39) || code === 0x2d) return true;
  return within && (code === 0x2e || code === 0x2b || code === 0x65 || code === 0x45);
}

function isHeld(source: string): boolean {
  // Up to 15 digits are safe, unless there is a form to be lost: 1.0, 1e3, -0.
  return (source.length < 16 && /^(?:0|[1-9]\d*)$/.test(source)) || String(Number(source)) === source;
}

function tooDeep(): GatewayError {
  return new GatewayError("INVALID_REQUEST", `the body is nested deeper than ${depthMax} levels - make it flatter`);
}
