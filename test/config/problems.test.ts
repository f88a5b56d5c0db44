// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to the environment look like this
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { kinds, loadText, problemsOf, temporaryDirectory } from "./files.ts";

const off = "auth: { mode: off }\n";
const simulated = `${off}providers: { simulator: }\n`;
const sha = "ab".repeat(32);
const durationText = "must be a length of time such as 500ms, 2s, 10m or 1h, above 0 and at most 24h";
const addressText = "must be host:port, such as 127.0.0.1:50051, [::1]:50051 or 0.0.0.0:50051";
const urlText = "must be an http:// or https:// URL without user name, password, query and fragment";
const priceText = "must be a number of US dollars from 0 to 1000000, with at most 9 decimals";

const identityText =
  'must be a URI such as spiffe://cluster.local/ns/shop/sa/cart, or a DNS name; it is compared as it is, without "*"';

const cases: Record<string, [text: string, ...problems: string[]]> = {
  "no auth": [
    "providers: { simulator: }",
    "hub.yaml:1:1: auth is missing: choose auth.mode: keys (callers need an API key) or off (this machine only)",
  ],
  "an empty file": [
    "",
    "hub.yaml:1:1: auth is missing: choose auth.mode: keys (callers need an API key) or off (this machine only)",
    "hub.yaml:1:1 providers: has no provider; add one, such as simulator: {}, or set a variable such as OPENAI_API_KEY",
  ],
  "a list at the top": ["- a", "hub.yaml:1:1: must be a map of fields"],
  "unknown fields, all of them": [
    `${simulated}servr: {}\nserver: { limts: {}, drain: { tmeout: 1s, zzz: 1 } }`,
    "hub.yaml:3:1 servr: unknown field; did you mean server?",
    "hub.yaml:4:11 server.limts: unknown field; did you mean limits?",
    "hub.yaml:4:31 server.drain.tmeout: unknown field; did you mean timeout?",
    "hub.yaml:4:43 server.drain.zzz: unknown field; known here: delay, timeout",
  ],
  "a field twice": [`${simulated}auth: {}`, "hub.yaml:3:1: the field appears twice in the same map; keep one"],
  "fields twice, below and beside each other": [
    `${simulated}log: { level: info, level: warn }\nmodels:\n  aliases:\n    a: simulator/x\n    b: simulator/x\n    a: simulator/y\nlog: {}`,
    "hub.yaml:3:21: the field appears twice in the same map; keep one",
    "hub.yaml:8:5: the field appears twice in the same map; keep one",
    "hub.yaml:9:1: the field appears twice in the same map; keep one",
  ],
  "cut short": [
    "auth: { mode: off",
    "hub.yaml:1:18: the indentation does not fit, or a bracket or quote before it is not closed",
  ],
  "two documents": [`${simulated}---\na: 1`, "hub.yaml:3:1: a second document begins here; keep one"],
  "aliases that explode": [
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefg"].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdef"[i]}`)}]`).join("\n")}`,
    "hub.yaml: YAML aliases expand to too much; use at most 100, without nesting",
  ],
  "wrong types": [
    `auth: { mode: maybe, keys: 3 }\nproviders: { simulator: { models: [a] } }\nserver: { reflection: 1, listen: 50051 }\nmodels: x`,
    "hub.yaml:1:15 auth.mode: must be one of keys, off",
    "hub.yaml:1:28 auth.keys: must be a list",
    "hub.yaml:2:35 providers.simulator.models.0: must be a map of fields",
    "hub.yaml:3:23 server.reflection: must be true or false",
    `hub.yaml:3:34 server.listen: ${addressText}`,
    "hub.yaml:4:9 models: must be a map of fields",
  ],
  "proxies that are no addresses": [
    `${simulated}server: { trustedProxies: [10.0.0.0/8, 10.0.0.0/33, proxy, "fe80::1%eth0", "::/0"] }`,
    ...["3:40", "3:53", "3:60"].map(
      (place, i) =>
        `hub.yaml:${place} server.trustedProxies[${i + 1}]: must be an IP address or a network, such as 10.0.0.0/8, 192.0.2.7 or "fd00::/8"`,
    ),
  ],
  "identities that are none": [
    `auth: { mode: keys, keys: [ { id: b, identities: ["spiffe://x/*", "a,b", "http://u", "*.d.test", "a b://c"] } ] }`,
    "hub.yaml:1:1 providers: has no provider; add one, such as simulator: {}, or set a variable such as OPENAI_API_KEY",
    ...["1:67", "1:86", "1:98"].map(
      (place, i) => `hub.yaml:${place} auth.keys[0].identities[${[1, 3, 4][i]}]: ${identityText}`,
    ),
  ],
  "keys that do not fit together": [
    `auth: { mode: keys, keys: [ { id: a }, { id: b, identities: ["spiffe://x/*", d.test] }, { id: e, identities: [d.test] } ] }
providers: { simulator: }\nserver: { identityProxies: ["::/0", "::ffff:0:0/96", 0.0.0.0/1, 10.0.0.0/8, "fd00::/8", "::1"] }`,
    "hub.yaml:1:29 auth.keys[0]: can be shown by nobody; give it sha256, identities, or both",
    "hub.yaml:1:111 auth.keys[2].identities[0]: is the same as in auth.keys[1]; each must be unique",
    "hub.yaml:3:29 server.identityProxies[0]: would believe too many, any of whom can be anyone; name the proxies only",
    "hub.yaml:3:37 server.identityProxies[1]: would believe too many, any of whom can be anyone; name the proxies only",
    "hub.yaml:3:54 server.identityProxies[2]: would believe too many, any of whom can be anyone; name the proxies only",
  ],
  "identities that nobody can show, and proxies that need not be believed": [
    `auth: { mode: keys, keys: [ { id: a, identities: [d.test] } ] }\n${"providers: { simulator: }"}`,
    "hub.yaml:1:50 auth.keys[0].identities: needs server.tls.clientCa or server.identityProxies; without them nobody shows a certificate",
  ],
  "proxies that need not be believed": [
    `${simulated}server: { identityProxies: [10.0.0.1] }`,
    "hub.yaml:3:28 server.identityProxies: has no use while no key has identities; name some in auth.keys[].identities, or remove it",
  ],
  "addresses of Redis": [
    `${simulated}redis: { url: "http://a", keyPrefix: "{a}" }`,
    "hub.yaml:3:38 redis.keyPrefix: must be letters, digits, :, ., - or _, at most 64 in all",
  ],
  "an address of another kind where Redis should be": [
    `${simulated}redis: { url: "redis://:a%zz@b/x" }`,
    "hub.yaml:3:15 redis.url: must be redis://[user:password@]host[:port][/database], or rediss:// for TLS; percent-encode signs",
  ],
  "replicas that cannot wait for each other": [
    `${simulated}cache: { enabled: true, replicaWait: 30s }`,
    "hub.yaml:3:38 cache.replicaWait: needs cache.driver redis; without it replicas know nothing of each other",
  ],
  "a cache that cannot work": [
    `${simulated}cache: { driver: redis, bytesMax: 1048576, entryBytesMax: 2097152 }`,
    "hub.yaml:3:18 cache.driver: needs the section redis; add it with its url, or keep answers in memory",
    "hub.yaml:3:59 cache.entryBytesMax: must not be above cache.bytesMax, or no such answer would find room",
  ],
  "limits that limit nothing, or nobody": [
    `${simulated}limits:\n- { scope: key }\n- { scope: all, requests: 0 }`,
    "hub.yaml:5:12 limits[1].scope: must be one of key, tenant, model, provider, ip",
    "hub.yaml:5:27 limits[1].requests: must be a whole number from 1 to 2147483647",
  ],
  "limits that do not fit together": [
    `${simulated}limits:\n- { scope: ip }\n- { scope: key, match: x, requests: 1 }\n- { scope: provider, match: simulater, concurrent: 1, per: day }
- { scope: ip, tokens: 1, requests: 2, per: day }\n- { scope: ip, tokens: 3, per: day, algorithm: fixed-window }
- { scope: tenant, match: acme, requests: 1, reserve: 5, per: day }`,
    "hub.yaml:4:3 limits[0]: limits nothing; give requests, tokens or concurrent",
    "hub.yaml:5:3 limits[1]: needs per: minute, hour or day",
    "hub.yaml:5:24 limits[1].match: names no configured key",
    "hub.yaml:6:29 limits[2].match: names no configured provider; did you mean simulator?",
    "hub.yaml:6:60 limits[2].per: has no meaning for concurrent alone; remove it",
    "hub.yaml:8:24 limits[4].tokens: is limited in limits[3] for the same subjects; keep one",
    "hub.yaml:9:27 limits[5].match: names no configured tenant",
    "hub.yaml:9:55 limits[5].reserve: has no meaning without tokens; remove it",
  ],
  durations: [
    `${simulated}timeouts: { connect: 10, firstOutput: 0s, idle: 25h, total: 1 m }`,
    `hub.yaml:3:22 timeouts.connect: ${durationText}`,
    `hub.yaml:3:39 timeouts.firstOutput: ${durationText}`,
    `hub.yaml:3:49 timeouts.idle: ${durationText}`,
    `hub.yaml:3:61 timeouts.total: ${durationText}`,
  ],
  prices: [
    `${off}providers: { simulator: { models: { a: { prices: { input: 0.1234567891, output: -1, cacheRead: "1" } } } } }`,
    `hub.yaml:2:59 providers.simulator.models.a.prices.input: ${priceText}`,
    `hub.yaml:2:81 providers.simulator.models.a.prices.output: ${priceText}`,
    `hub.yaml:2:96 providers.simulator.models.a.prices.cacheRead: ${priceText}`,
  ],
  "base URLs": [
    `${off}providers:\n  a: { kind: openai-compatible, baseUrl: "http://u:p@h" }\n  b: { kind: openai-compatible, baseUrl: "http://h?x=1" }\n  c: { kind: openai-compatible, baseUrl: "ftp://h" }\n  d: { kind: openai-compatible }`,
    `hub.yaml:3:42 providers.a.baseUrl: ${urlText}`,
    `hub.yaml:4:42 providers.b.baseUrl: ${urlText}`,
    `hub.yaml:5:42 providers.c.baseUrl: ${urlText}`,
  ],
  "providers that cannot work": [
    `${off}providers:\n  opnai: {}\n  a: { kind: antropic }\n  b: { kind: openai-compatible }\n  openai: {}`,
    "hub.yaml:3:3 providers.opnai: needs a kind, because its name is none; did you mean openai? (known kinds: openai, anthropic, openai-compatible, simulator)",
    "hub.yaml:4:14 providers.a.kind: is an unknown kind; did you mean anthropic? (known kinds: openai, anthropic, openai-compatible, simulator)",
    "hub.yaml:5:3 providers.b: needs baseUrl, such as http://localhost:8000/v1, because its kind has no address",
    'hub.yaml:6:3 providers.openai: needs apiKey, such as "${OPENAI_API_KEY}"',
  ],
  headers: [
    `${off}providers: { simulator: { headers: { host: a, "x y": b, x-ok: "a\\nb", Keep-Alive: c } } }`,
    "hub.yaml:2:38 providers.simulator.headers.host: is a header that the gateway sets itself; remove it",
    "hub.yaml:2:47 providers.simulator.headers.…: must be a header name: letters, digits, - and _",
    "hub.yaml:2:71 providers.simulator.headers.Keep-Alive: is a header that the gateway sets itself; remove it",
  ],
  "line breaks in credentials": [
    `${off}providers: { openai: { apiKey: "a\\nb" } }`,
    "hub.yaml:2:32 providers.openai.apiKey: has a line break or a sign that a header cannot hold",
  ],
  aliases: [
    `${simulated}models: { default: fst, aliases: { fast: a, a: b, b: fast, x/y: fast, c: simulatr/gpt, d: simulator/ } }`,
    'hub.yaml:3:60 models.aliases.x/y: must be an alias name: a letter, then letters, digits, dots, :, @, - or _, and no "/"',
  ],
  "alias targets": [
    `${simulated}models: { default: fst, aliases: { fast: a, a: b, b: fast, c: simulatr/gpt, d: simulator/ } }`,
    'hub.yaml:3:20 models.default: names an alias that does not exist; did you mean fast? (write an alias or "provider/model")',
    "hub.yaml:3:36 models.aliases.fast: leads back to itself (fast → a → b → fast); let one of them name a model",
    "hub.yaml:3:63 models.aliases.c: names a provider that is not configured; did you mean simulator? (configured: simulator)",
    'hub.yaml:3:80 models.aliases.d: lacks the model after the "/"',
  ],
  "names that lead to providers": [
    `${simulated}models: { patterns: { "gpt-*": simulatr, gpt-5: simulator, "a*b*": simulator } }`,
    'hub.yaml:3:42 models.patterns.gpt-5: must be the beginning of model names with a "*" behind it, as in "gpt-*"',
    'hub.yaml:3:60 models.patterns.…: must be the beginning of model names with a "*" behind it, as in "gpt-*"',
  ],
  "names that lead nowhere": [
    `${simulated}models: { patterns: { "gpt-*": simulatr } }`,
    "hub.yaml:3:32 models.patterns.gpt-*: names a provider that is not configured; did you mean simulator? (configured: simulator)",
  ],
  media: [
    `${simulated}media: { fetch: sometimes, bytesMax: 1, timeout: 2d, size: 3 }`,
    "hub.yaml:3:17 media.fetch: must be true or false",
    "hub.yaml:3:38 media.bytesMax: must be a whole number from 1024 to 268435456",
    `hub.yaml:3:50 media.timeout: ${durationText}`,
    "hub.yaml:3:54 media.size: unknown field; known here: fetch, bytesMax, timeout",
  ],
  "facts of models": [
    `${off}providers: { simulator: { models: { a: { type: chat, dimensions: 0, baseModel: "" } } } }`,
    "hub.yaml:2:48 providers.simulator.models.a.type: must be one of completion, embedding, rerank",
    "hub.yaml:2:66 providers.simulator.models.a.dimensions: must be a whole number from 1 to 2147483647",
    "hub.yaml:2:80 providers.simulator.models.a.baseModel: is empty; give a value or remove the field",
  ],
  "auth off where others can call": [
    `${off}providers: { simulator: , openai: { apiKey: k } }\nserver: { listen: "0.0.0.0:50051" }`,
    "hub.yaml:3:19 server.listen: must be a loopback address (127.0.0.1, [::1] or localhost) while auth.mode is off; listen there, set auth.mode to keys, or, where there is no file, LLMHUB_API_KEY",
  ],
  "mode keys without keys": [
    "auth: { mode: keys }\nproviders: { simulator: }",
    "hub.yaml:1:7 auth: has no keys, so nobody could call; `llmhub keys new` makes one to paste here",
  ],
  "keys of callers": [
    `auth:\n  mode: keys\n  keys:\n    - { id: a, sha256: ${sha} }\n    - { id: A, sha256: ${sha} }\nproviders: { simulator: }`,
    "hub.yaml:5:13 auth.keys[1].id: is the same as in auth.keys[0]; each must be unique",
    "hub.yaml:5:24 auth.keys[1].sha256: is the same as in auth.keys[0]; each must be unique",
  ],
  "form of a key": [
    `auth: { mode: keys, keys: [{ sha256: abc, models: ["a b"], expireTime: tomorrow }] }\nproviders: { simulator: }`,
    "hub.yaml:1:28 auth.keys[0].id: is missing; add it",
    "hub.yaml:1:38 auth.keys[0].sha256: must be 64 hexadecimal digits in quotes, as `llmhub keys new` prints them",
    'hub.yaml:1:52 auth.keys[0].models[0]: must be an alias or "provider/model"; "*" may stand at the end, as in "openai/*"',
    "hub.yaml:1:72 auth.keys[0].expireTime: must be a time with a zone, such as 2027-01-01T00:00:00Z",
  ],
  "variables that are not set": [
    `${off}providers: { openai: { apiKey: "\${NOPE}", headers: { x-a: "\${9}" } }, "\${NOPE}": { kind: simulator } }`,
    "hub.yaml:2:32 providers.openai.apiKey: needs the environment variable NOPE, which is not set; set it, or write ${NOPE:-default}",
    "hub.yaml:2:59 providers.openai.headers.x-a: has a reference that is not ${NAME} or ${NAME:-default}; write $${ for a literal ${",
    "hub.yaml:2:71 providers.…: must be a provider name: a lower-case letter, then lower-case letters, digits, - or _, at most 63 in all",
  ],
  "files that are missing": [
    `${off}server: { tls: { cert: /nope/cert, key: /tmp } }\nproviders: { openai: { apiKey: "file:/nope/key" } }`,
    "hub.yaml:2:24 server.tls.cert: names a file that cannot be used: the file does not exist",
    "hub.yaml:2:41 server.tls.key: names a file that cannot be used: it is not a regular file",
    "hub.yaml:3:32 providers.openai.apiKey: names a file that cannot be used: the file does not exist",
  ],
};

test.each(Object.entries(cases))("%s", async (_, [text, ...problems]) => {
  expect(await problemsOf(text)).toEqual(problems);
});

test("a problem of a variable names the variable", async () => {
  expect(await problemsOf(simulated, { LLMHUB_LISTEN: "nowhere", LLMHUB_LOG_LEVEL: "loud" })).toEqual([
    `LLMHUB_LISTEN server.listen: ${addressText}`,
    "LLMHUB_LOG_LEVEL log.level: must be one of trace, debug, info, warn, error, fatal, silent",
  ]);
  expect(await problemsOf(off, { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "x" })).toEqual([
    `OPENAI_BASE_URL providers.openai.baseUrl: ${urlText}`,
  ]);
});

test.each([
  ["larger than 8 MiB", "#".repeat(8 * 1024 * 1024 + 1), "the file is larger than 8388608 bytes"],
  ["not UTF-8", Buffer.from([0xff, 0xfe, 0xfd]), "the file is not UTF-8 text"],
])("a file that is %s", async (_, bytes, reason) => {
  expect(await problemsOf(bytes)).toEqual([`hub.yaml: cannot be used: ${reason}; check --config and LLMHUB_CONFIG`]);
});

test.each(["[".repeat(100_000), `a:\n${Array.from({ length: 1200 }, (_, i) => `${" ".repeat(i + 1)}- \n`).join("")}`])(
  "a file of nothing but nesting is refused, not fatal",
  async (text) => {
    const problems = await problemsOf(text);
    expect(problems).toEqual([expect.stringContaining(": the nesting is too deep here")]);
  },
);

test("a directory and a missing file are told apart", async () => {
  await using directory = await temporaryDirectory();
  const load = (path: string) => loadConfig({ path, env: {}, kinds });
  await expect(load(directory.path)).rejects.toThrow("it is not a regular file");
  await expect(load(`${directory.path}/none.yaml`)).rejects.toThrow("the file does not exist");
});

const secret = fc.stringMatching(/^[A-Za-z0-9!#%&*+./:;<=>?@^_|~{}[\]"',\n-]{12,40}$/).map((tail) => `Qz9${tail}`);
/** Places of a file where somebody may put a secret, by mistake or not. */
const places = [
  (text: string) => `providers: { openai: { apiKey: ${text} } }`,
  (text: string) => `${off}providers:\n  openai:\n    apiKey:${text}\n    kind: x`,
  (text: string) => `${off}providers: { openai: {apiKey:${text}} }`,
  (text: string) => `${off}providers: { a: { kind: ${text} } }\nmodels: { default: ${text} }`,
  (text: string) => `${off}providers: { a: { baseUrl: ${text}, headers: { x-a: [${text}] } } }`,
  (text: string) => `${off}server: { listen: ${text}, tls: ${text} }\ntimeouts: { idle: ${text} }\nlog: ${text}`,
  (text: string) => `auth: { mode: ${text}, keys: [${text}, { id: ${text}, sha256: ${text}, expireTime: ${text} }] }`,
  (text: string) =>
    `${off}server: { tls: { cert: ${text}, key: "file:${text}" } }\nproviders: { openai: { apiKey: k } }`,
  (text: string) => text,
];

test("no problem shows a secret, written in the file in any way or brought by a variable", async () => {
  const written = fc.constantFrom(
    (value: string) => value,
    (value: string) => JSON.stringify(value),
    () => '"${SECRET}"',
    () => '"a ${SECRET} b"',
  );
  await fc.assert(
    fc.asyncProperty(secret, fc.constantFrom(...places), written, async (value, place, write) => {
      const failure = await loadText(place(write(value)), { SECRET: value, LLMHUB_LOG_LEVEL: value }).catch(String);
      expect(String(failure)).not.toContain(value.slice(0, 12));
    }),
    { numRuns: 150, seed: 7 },
  );
});
