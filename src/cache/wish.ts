import { CacheMode, type CacheOptions } from "../../gen/llmhub/v1/completion_pb.ts";
import type { MediaPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { Asked } from "../model/call.ts";
import { msOf } from "../model/duration.ts";

/** What a request lets the cache do. */
export interface Wish {
  readonly read: boolean;
  readonly write: boolean;
  /** Nothing but the cache may answer. */
  readonly only: boolean;
  /** Oldest entry that is good enough, in milliseconds. */
  readonly ageMaxMs: number;
  /** How long a new entry lives; undefined: as configured. */
  readonly ttlMs: number | undefined;
}

/** What the body of a request says of the cache; those whose answers are always the same have nothing to say there. */
export function cacheOptionsOf(request: Asked): CacheOptions | undefined {
  return request.$typeName === "llmhub.v1.CompleteRequest" ? request.cache : undefined;
}

/** What the body and the header cache-control ask for. A mode in the body wins over those of the header. */
export function wishOf(request: Asked, cacheControl: string | undefined): Wish {
  const header = cacheControl === undefined ? noDirectives : directivesOf(cacheControl);
  const options = cacheOptionsOf(request);
  const own = options?.mode ?? CacheMode.UNSPECIFIED;
  const mode = own === CacheMode.UNSPECIFIED ? header.mode : own;
  const { READ_WRITE, REFRESH, BYPASS, ONLY } = CacheMode;
  const only = mode === ONLY;
  const isRepeatable = own === READ_WRITE || own === REFRESH || isDeterministic(request);
  const isOpen = mode !== BYPASS && !hasRemoteMedia(request);
  return {
    read: isOpen && mode !== REFRESH && (only || isRepeatable),
    write: isOpen && !only && isRepeatable,
    only,
    ageMaxMs: header.ageMaxMs,
    ttlMs: msOf(options?.ttl),
  };
}

interface Directives {
  readonly mode: CacheMode;
  readonly ageMaxMs: number;
}

const noDirectives: Directives = { mode: CacheMode.UNSPECIFIED, ageMaxMs: Number.POSITIVE_INFINITY };

/** Directives of RFC 9111 that stand for a mode, strictest first. Unknown ones are ignored, as it says. */
const modes = [
  ["no-store", CacheMode.BYPASS],
  ["only-if-cached", CacheMode.ONLY],
  ["no-cache", CacheMode.REFRESH],
] as const;

function directivesOf(header: string): Directives {
  const words = header
    .toLowerCase()
    .split(",")
    .map((word) => word.trim());
  const age = words.find((word) => word.startsWith("max-age="))?.slice("max-age=".length);
  // An age that is none counts as 0: what cannot be read must not widen what is taken.
  const seconds = age === undefined ? Number.POSITIVE_INFINITY : /^\d{1,15}$/.test(age) ? Number(age) : 0;
  const [, mode = seconds === 0 ? CacheMode.REFRESH : CacheMode.UNSPECIFIED] =
    modes.find(([word]) => words.includes(word)) ?? [];
  return { mode, ageMaxMs: seconds * 1000 };
}

/**
 * A model would say the same again: nothing is drawn by lot, and no tool of the provider looks at the world of today.
 * Vectors and scores are computed.
 */
function isDeterministic(request: Asked): boolean {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return true;
  const { temperature, tools } = request;
  return temperature === 0 && tools.every(({ kind }) => kind.case !== "providerTool");
}

/** Some media is not in the request itself, and may be another one tomorrow, or for somebody else. */
function hasRemoteMedia(request: Asked): boolean {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return false;
  return request.messages.some(({ content }) =>
    content.some(({ part }) => {
      if (part.case === "toolResult") return part.value.content.some((inner) => isRemote(inner.part));
      return part.case === "media" || part.case === "document" ? isRemote(part) : false;
    }),
  );
}

type Holder =
  | { readonly case: "media"; readonly value: MediaPart }
  | { readonly case: "document"; readonly value: { readonly body: Holder | { readonly case: "text" | undefined } } }
  | { readonly case: "text" | "json" | undefined };

function isRemote(part: Holder): boolean {
  if (part.case === "document") return isRemote(part.value.body);
  if (part.case !== "media") return false;
  const { source } = part.value;
  return source.case === "providerFile" || (source.case === "uri" && !/^data:/i.test(source.value));
}
