import fc from "fast-check";
import { expect, test } from "vitest";
import { forwardedNames } from "../../src/server/forwarded-cert.ts";

const cart = "spiffe://cluster.local/ns/shop/sa/cart";
const victim = "spiffe://cluster.local/ns/shop/sa/victim";
const hash = "468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688";

test.each([
  // As Envoy writes it.
  [`By=spiffe://cluster.local/ns/llm/sa/hub;Hash=${hash};Subject="";URI=${cart}`, [cart]],
  [`By=http://frontend.lyft.com;Hash=${hash};URI=http://testclient.lyft.com`, ["http://testclient.lyft.com"]],
  [
    `By=spiffe://a;Hash=${hash};Subject="/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test Client";URI=${cart};DNS=lyft.com;DNS=www.lyft.com`,
    [cart, "lyft.com", "www.lyft.com"],
  ],
  [`Hash=${hash};Cert="-----BEGIN%20CERTIFICATE-----%0A";Subject="CN=a\\, \\"b\\",O=c";URI=`, []],
  [`By=;Hash=${hash};URI="${cart}"`, [cart]],
  [`by=x;uri=${cart};dns=a.test`, [cart, "a.test"]],
  [`URI=${cart};Later=thing`, [cart]],
  // The last element is the word of the proxy that is connected here.
  [`URI=${victim},By=x;URI=${cart}`, [cart]],
  [`URI=${victim} , By=x`, []],
  [`Subject="a,URI=${victim}",URI=${cart}`, [cart]],
  // Of one kind, and looks like the other.
  [`DNS=${cart};URI=a.test`, []],
])("%s names %j", (header, names) => {
  expect(forwardedNames(header)).toEqual(names);
});

test.each([
  "",
  ",",
  "URI",
  "=a",
  `URI=${cart},`,
  `,URI=${cart}`,
  `URI=${cart};`,
  `URI=${cart};;DNS=a`,
  `URI =${cart}`,
  `URI= ${cart}`,
  `U-RI=${cart}`,
  `URI=${cart};DNS=a=b`,
  `URI="${cart}`,
  `URI=${cart}"`,
  `Subject="CN=a"b;URI=${cart}`,
  `Subject="CN=a\\";URI=${cart}`,
  `URI=${victim};Subject=",By=x;Subject="CN=cart";URI=${cart}`,
  `URI=${victim};Subject=",By=x;Subject="";URI=${cart}`,
  `URI=${cart};Cert="${"%41".repeat(3000)}"`,
])("%j is not of its form", (header) => {
  expect(forwardedNames(header)).toBeUndefined();
});

const key = fc.constantFrom("By", "Hash", "Subject", "Cert", "Chain", "URI", "DNS", "uri", "Else");
const value = fc.stringMatching(/^[ !-~]{0,24}$/);
const element = fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 5 });
/** Any value may stand in quotes, with its quotes and backslashes escaped as Envoy's do. */
const written = ([name, text]: readonly [string, string]) => `${name}="${text.replace(/["\\]/g, "\\$&")}"`;
const header = (elements: readonly (readonly (readonly [string, string])[])[]) =>
  elements.map((pairs) => pairs.map(written).join(";")).join(",");

test("whatever the values are, the names are those of the last element", () => {
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), (elements) => {
      const names = elements.at(-1)?.flatMap(([name, text]) => {
        const isUri = name.toUpperCase() === "URI" && text.includes("://");
        const isDns = name === "DNS" && text !== "" && !/[:/]/.test(text);
        return (isUri || isDns) && !text.includes('"') ? [text.replaceAll("\\", "\\\\")] : [];
      });
      expect(forwardedNames(header(elements))).toEqual(names);
    }),
  );
});

test("nothing that a caller sends ahead changes what the proxy appends, but to make it unreadable", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[ -~]{0,40}$/),
      fc.stringMatching(/^(?:[ !#-[\]-~]|\\["\\,]){0,12}$/),
      (sent, subject) => {
        const appended = `By=x;Hash=${hash};Subject="CN=${subject}";URI=${cart}`;
        const names = forwardedNames(`${sent},${appended}`);
        if (names !== undefined) expect(names).toEqual([cart]);
      },
    ),
    { numRuns: 2000 },
  );
});

test("any text is read or refused, and quickly", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      forwardedNames(text);
    }),
  );
  for (const text of ['URI="'.padEnd(8000, "\\"), "A=;".repeat(2700), 'A="'.repeat(2700), `A=${" ".repeat(8000)}`]) {
    expect(forwardedNames(text)).toBeUndefined();
  }
});
