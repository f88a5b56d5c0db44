import type { Dialect, Frame } from "./dialect.ts";
import type { Misbehaviour, Scenario } from "./scenario.ts";

/** Status and headers of a response. */
interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What goes over the wire in answer to one request, and how the connection ends. */
export interface Delivery {
  /** Undefined: the connection is reset before anything is sent. */
  readonly head: Head | undefined;
  readonly frames: Iterable<Frame>;
  readonly ending: "end" | "reset" | "stall";
}

const html =
  "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n";
const garbage = '\u0000\u0001\u001f%!PDF{{{\n\ndata: {"id": "gar\u0000bage", [[[\n\n';

/** A JSON body in one piece, paced as `tokens` tokens. */
export function jsonDelivery(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  tokens = 0,
): Delivery {
  const text = JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  return {
    head: { status, headers: { ...headers, "content-type": "application/json", "content-length": length } },
    frames: [{ text, tokens }],
    ending: "end",
  };
}

/** What there is to deliver when nothing goes wrong. */
export interface Content {
  readonly model: string;
  readonly seed: string;
  readonly whole: () => unknown;
  /** Present when the client asked for a stream. */
  readonly frames?: () => Iterable<Frame>;
  readonly tokens: number;
}

/** Decides how content is delivered under a scenario; pure. */
export function deliveryOf(dialect: Dialect, content: Content, { fault, retryAfterS }: Scenario): Delivery {
  const { model, seed, whole, frames, tokens } = content;
  const requestId = dialect.requestId(seed);
  const headers = dialect.headers(requestId);
  if (typeof fault === "number" || fault === "context-length" || fault === "quota") {
    const { status, headers: extra, body } = dialect.fault({ kind: fault, model, requestId });
    const later = retryAfterS === undefined ? {} : { "retry-after": String(retryAfterS) };
    return jsonDelivery(status, { ...headers, ...extra, ...later }, body);
  }
  const type = frames === undefined ? "application/json" : dialect.streamType;
  const head = { status: 200, headers: { ...headers, "content-type": type } };
  if (fault === undefined || fault === "refusal") {
    return frames === undefined
      ? jsonDelivery(200, headers, whole(), tokens)
      : { head, frames: frames(), ending: "end" };
  }
  if (frames !== undefined) return spoilt(fault, head, frames, dialect.faultFrame(requestId));
  const error = JSON.stringify(dialect.fault({ kind: 500, model, requestId }).body);
  return spoilt(fault === "error-mid" ? "error-first" : fault, head, () => halves(whole(), tokens), error);
}

type Spoiling = Exclude<Misbehaviour, "context-length" | "quota" | "refusal">;

function spoilt(fault: Spoiling, head: Head, frames: () => Iterable<Frame>, error: Frame["text"]): Delivery {
  const half = halfOf(frames);
  switch (fault) {
    case "reset":
      return { head: undefined, frames: [], ending: "reset" };
    case "reset-mid":
      return { head, frames: half, ending: "reset" };
    case "stall":
      return { head, frames: [], ending: "stall" };
    case "stall-mid":
      return { head, frames: half, ending: "stall" };
    case "truncate":
      return { head, frames: half, ending: "end" };
    case "garbage":
      return { head, frames: [{ text: garbage, tokens: 1 }], ending: "end" };
    case "html": {
      const headers = { ...head.headers, "content-type": "text/html; charset=utf-8" };
      return { head: { status: 200, headers }, frames: [{ text: html, tokens: 0 }], ending: "end" };
    }
    case "empty":
      return { head, frames: [], ending: "end" };
    case "error-first":
      return { head, frames: [{ text: error, tokens: 1 }], ending: "end" };
    case "error-mid":
      return { head, frames: followedBy(half, error), ending: "end" };
  }
}

function halves(body: unknown, tokens: number): Frame[] {
  const text = JSON.stringify(body);
  const at = Math.floor(text.length / 2);
  return [
    { text: text.slice(0, at), tokens: Math.max(Math.ceil(tokens / 2), 1) },
    { text: text.slice(at), tokens: Math.floor(tokens / 2) },
  ];
}

/** The frames up to about half of the tokens in them, one at least; only the first frame if none holds a token. */
function* halfOf(frames: () => Iterable<Frame>): Generator<Frame> {
  let total = 0;
  for (const frame of frames()) total += frame.tokens;
  let tokens = 0;
  for (const frame of frames()) {
    yield frame;
    tokens += frame.tokens;
    if (total === 0 || (tokens > 0 && tokens >= Math.floor(total / 2))) return;
  }
}

function* followedBy(frames: Iterable<Frame>, text: Frame["text"]): Generator<Frame> {
  yield* frames;
  yield { text, tokens: 0 };
}
