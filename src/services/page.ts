import { createHash } from "node:crypto";
import { GatewayError } from "../model/error.ts";

/** Items of a page when the request does not say, and at most (AIP-158 leaves both to the API; the proto names them). */
const pageSizeDefault = 100;
const pageSizeMax = 1000;

/** Bytes of the checksum before the cursor: enough to tell requests apart, it keeps no secret. */
const digestBytes = 8;

/** The paging fields of a List request. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * Cuts a page out of a list that is sorted by `keyOf` in code unit order, each key once. The token holds the last key of
 * the page before, so an entry that comes or goes between two calls neither repeats nor hides another. `scope` is the
 * list and its filters: a token works for the same scope only, with any page size.
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { pageSize, pageToken }: PageRequest,
  scope: readonly unknown[],
): Page<T> {
  const after = pageToken === "" ? undefined : cursorOf(pageToken, scope);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, pageSize > 0 ? Math.min(pageSize, pageSizeMax) : pageSizeDefault);
  const last = page.at(-1);
  const more = last !== undefined && rest.length > page.length;
  return { items: page, nextPageToken: more ? tokenOf(keyOf(last), scope) : "" };
}

function tokenOf(cursor: string, scope: readonly unknown[]): string {
  return Buffer.concat([digest(cursor, scope), Buffer.from(cursor)]).toString("base64url");
}

function cursorOf(token: string, scope: readonly unknown[]): string {
  const cursor = Buffer.from(token, "base64url").subarray(digestBytes).toString();
  if (tokenOf(cursor, scope) === token) return cursor;
  throw new GatewayError(
    "PAGE_TOKEN_INVALID",
    "page_token is not from an answer to this request. Repeat the same filters or start without a token",
    { metadata: { tokenKind: "page" } },
  );
}

function digest(cursor: string, scope: readonly unknown[]): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([cursor, ...scope]))
    .digest()
    .subarray(0, digestBytes);
}
