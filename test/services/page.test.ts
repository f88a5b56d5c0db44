import fc from "fast-check";
import { expect, test } from "vitest";
import { pageOf } from "../../src/services/page.ts";

const keys = fc
  .uniqueArray(fc.string({ unit: "grapheme", minLength: 1 }), { maxLength: 40 })
  .map((list) => list.sort());
const scope = ["things", "red"];
const itself = (key: string) => key;

function pagesOf(items: readonly string[], pageSize: number): string[][] {
  const pages: string[][] = [];
  let pageToken = "";
  do {
    const page = pageOf(items, itself, { pageSize, pageToken }, scope);
    pages.push([...page.items]);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return pages;
}

test("pages joined are the whole list, each but the last full", () => {
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 45 }), (items, pageSize) => {
      const pages = pagesOf(items, pageSize);
      expect(pages.flat()).toEqual(items);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(pageSize);
      if (items.length > 0) expect(pages.at(-1)).not.toHaveLength(0);
    }),
  );
});

test("an entry that goes or comes between two pages neither hides nor repeats another", () => {
  fc.assert(
    fc.property(keys, keys, fc.integer({ min: 1, max: 10 }), (before, after, pageSize) => {
      const first = pageOf(before, itself, { pageSize, pageToken: "" }, scope);
      fc.pre(first.nextPageToken !== "");
      const rest = pageOf(after, itself, { pageSize: 1000, pageToken: first.nextPageToken }, scope);
      const last = first.items.at(-1) ?? "";
      expect(rest.items).toEqual(after.filter((key) => key > last));
    }),
  );
});

test("100 without a size, 1000 at most", () => {
  const items = Array.from({ length: 1500 }, (_, index) => String(index).padStart(4, "0"));
  expect(pageOf(items, itself, { pageSize: 0, pageToken: "" }, scope).items).toHaveLength(100);
  expect(pageOf(items, itself, { pageSize: 5000, pageToken: "" }, scope).items).toHaveLength(1000);
});

test("a token may be used with another page size", () => {
  const { nextPageToken } = pageOf(["a", "b", "c"], itself, { pageSize: 1, pageToken: "" }, scope);
  expect(pageOf(["a", "b", "c"], itself, { pageSize: 9, pageToken: nextPageToken }, scope).items).toEqual(["b", "c"]);
});

test("a token of another request, or no token at all, is refused", () => {
  const { nextPageToken } = pageOf(["a", "b", "c"], itself, { pageSize: 1, pageToken: "" }, scope);
  const refusal = expect.objectContaining({ reason: "PAGE_TOKEN_INVALID", info: { tokenKind: "page" } });
  const ask = (pageToken: string, by: readonly string[]) => () =>
    pageOf(["a", "b", "c"], itself, { pageSize: 1, pageToken }, by);
  expect(ask(nextPageToken, ["things", "blue"])).toThrow(refusal);
  expect(ask(nextPageToken, ["thing", "sred"])).toThrow(refusal);
  for (const token of ["x", " ", `${nextPageToken}=`, `${nextPageToken}AA`, nextPageToken.slice(1)]) {
    expect(ask(token, scope), token).toThrow(refusal);
  }
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (token) => {
      expect(ask(token, scope)).toThrow(refusal);
    }),
  );
});
