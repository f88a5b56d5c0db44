import { expect, test } from "vitest";
import type { ProviderKind } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { kinds, loadText, temporaryDirectory } from "./files.ts";

const off = "auth: { mode: off }\n";

test("without a file and keys: this machine only, the simulator, no authentication", async () => {
  const config = await loadConfig({ env: {}, kinds });
  expect(config).toMatchObject({
    server: {
      listen: { host: "127.0.0.1", port: 50051 },
      opsListen: { host: "127.0.0.1", port: 9464 },
      tls: undefined,
      limits: {
        requestBytesMax: 33_554_432,
        connectionsMax: 10_000,
        connectionAgeMs: undefined,
        streamsPerConnectionMax: 1000,
        headerTimeoutMs: 10_000,
        bodyTimeoutMs: 60_000,
        deadlineMaxMs: 600_000,
      },
      drain: { delayMs: 0, timeoutMs: 30_000 },
      trustedProxies: [],
      reflection: true,
    },
    auth: { mode: "off", keys: [] },
    models: { default: "simulator/gpt" },
    log: { level: "info", format: "auto" },
  });
  expect(config.providers).toEqual([
    {
      id: "simulator",
      kind: "simulator",
      apiKey: undefined,
      credentials: [],
      baseUrl: undefined,
      headers: {},
      settings: {},
      region: undefined,
      tags: [],
      tellsTrace: false,
      connectionsMax: undefined,
      timeouts: { connectMs: 2000, firstOutputMs: 300_000, idleMs: 120_000, totalMs: 600_000 },
      models: new Map(),
    },
  ]);
});

test("without a file, each key in the environment brings its provider, and no default model", async () => {
  const env = {
    OPENAI_API_KEY: "sk-1",
    OPENAI_BASE_URL: "http://proxy:8080/v1/",
    ANTHROPIC_API_KEY: "",
    ANTHROPIC_BASE_URL: "http://nobody",
  };
  const { providers, models } = await loadConfig({ env, kinds });
  expect(providers.map(({ id }) => id)).toEqual(["openai", "simulator"]);
  expect(providers[0]?.apiKey?.reveal()).toBe("sk-1");
  expect(providers[0]?.baseUrl).toBe("http://proxy:8080/v1");
  expect(models.default).toBeUndefined();
});

test("the variables of another tool switch a provider on only where they tell all that it needs", async () => {
  const region = { about: "where", variables: ["CLOUD_REGION"], required: true } as const;
  const cloud = {
    baseUrl: "https://cloud.test",
    keyRequired: false,
    settings: { region },
    sharedSwitches: ["CLOUD_PROFILE"],
  };
  const idsWith = async (env: Record<string, string>) => {
    const { providers } = await loadConfig({ env, kinds: new Map<string, ProviderKind>([...kinds, ["cloud", cloud]]) });
    return providers.map(({ id }) => id);
  };
  expect(await idsWith({ CLOUD_PROFILE: "dev" })).toEqual(["simulator"]);
  expect(await idsWith({ CLOUD_REGION: "eu-west-1" })).toEqual(["simulator"]);
  expect(await idsWith({ CLOUD_PROFILE: "dev", CLOUD_REGION: "eu-west-1" })).toEqual(["cloud", "simulator"]);
});

test("a file takes the place of what is built in, but one without providers gets those of the environment", async () => {
  const withProviders = await loadText(`${off}providers: { simulator: }`, { OPENAI_API_KEY: "sk-1" });
  expect(withProviders.providers.map(({ id }) => id)).toEqual(["simulator"]);
  const without = await loadText(off, { ANTHROPIC_API_KEY: "k" });
  expect(without.providers.map(({ id }) => id)).toEqual(["anthropic"]);
});

test("LLMHUB_CONFIG names the file unless a path is given", async () => {
  await using directory = await temporaryDirectory();
  const env = {
    LLMHUB_CONFIG: await directory.write("a.yaml", `${off}providers: { simulator: }\nlog: { level: warn }`),
  };
  expect((await loadConfig({ env, kinds })).log.level).toBe("warn");
  const path = await directory.write("b.yaml", `${off}providers: { simulator: }\nlog: { level: error }`);
  expect((await loadConfig({ path, env, kinds })).log.level).toBe("error");
});

test("variables override fields of the file", async () => {
  const config = await loadText(
    `${off}providers: { simulator: }\nlog: { level: warn }\nserver: { reflection: false }`,
    {
      LLMHUB_LISTEN: "[::1]:0",
      LLMHUB_OPS_LISTEN: "0.0.0.0:9000",
      LLMHUB_LOG_LEVEL: "debug",
      LLMHUB_LOG_FORMAT: "json",
    },
  );
  expect(config.server).toMatchObject({
    listen: { host: "::1", port: 0 },
    opsListen: { host: "0.0.0.0", port: 9000 },
    reflection: false,
  });
  expect(config.log).toEqual({ level: "debug", format: "json" });
});

test("every field of a provider and a model", async () => {
  const { providers, models } = await loadText(
    `auth: { mode: off }
timeouts: { idle: 90s, total: 1h }
models: { default: fast, aliases: { fast: quick, quick: vllm/meta/llama-3 } }
providers:
  vllm:
    kind: openai-compatible
    apiKey: "\${KEY}"
    baseUrl: http://localhost:8000/v1//
    headers: { X-Team: "t-\${KEY}" }
    connectionsMax: 7
    timeouts: { connect: 500ms, firstOutput: 1.5s, idle: 2m }
    models:
      meta/llama-3:
        contextWindow: 8192
        maxOutputTokens: 4096
        features: [tools]
        prices: { input: 0.15, output: 0.6, cacheRead: 0.000000001, cacheWrite: 1000000 }
      bare:
`,
    { KEY: "s3cret" },
  );
  const [provider] = providers;
  expect(provider).toMatchObject({
    id: "vllm",
    kind: "openai-compatible",
    baseUrl: "http://localhost:8000/v1",
    connectionsMax: 7,
    timeouts: { connectMs: 500, firstOutputMs: 1500, idleMs: 120_000, totalMs: 3_600_000 },
  });
  expect(provider?.apiKey?.reveal()).toBe("s3cret");
  expect(provider?.headers["x-team"]?.reveal()).toBe("t-s3cret");
  expect(provider?.models.get("meta/llama-3")).toEqual({
    contextWindow: 8192,
    maxOutputTokens: 4096,
    features: ["tools"],
    prices: [
      { meter: "input", nanosPerMillion: 150_000_000n, fromInputTokens: 0 },
      { meter: "output", nanosPerMillion: 600_000_000n, fromInputTokens: 0 },
      { meter: "cache_read", nanosPerMillion: 1n, fromInputTokens: 0 },
      { meter: "cache_write", nanosPerMillion: 1_000_000_000_000_000n, fromInputTokens: 0 },
    ],
  });
  expect(Object.values(provider?.models.get("bare") ?? { none: 0 }).every((fact) => fact === undefined)).toBe(true);
  expect(models.default).toBe("fast");
  expect([...models.aliases]).toEqual([
    ["fast", "quick"],
    ["quick", "vllm/meta/llama-3"],
  ]);
});

test("models that are made for something else than text", async () => {
  const { providers } = await loadText(`${off}
providers:
  simulator:
    models:
      vectors: { type: embedding, dimensions: 1024, contextWindow: 512 }
      speech: { prices: { outputAudio: 64, inputAudio: 32, webSearch: 10000, cacheWrite1h: 6 } }
      rank: { type: rerank, prices: { searchUnit: 2000 } }
`);
  const [provider] = providers;
  expect(provider?.models.get("vectors")).toMatchObject({ type: "embedding", dimensions: 1024, contextWindow: 512 });
  expect(provider?.models.get("rank")).toMatchObject({
    type: "rerank",
    prices: [{ meter: "search_unit", nanosPerMillion: 2_000_000_000_000n }],
  });
  expect(provider?.models.get("speech")?.prices?.map(({ meter }) => meter)).toEqual([
    ...["cache_write_1h", "input_audio", "output_audio", "tool:web_search"],
  ]);
});

test("where names lead, and what is fetched", async () => {
  const file = `${off}providers: { openai: { apiKey: k }, simulator: }`;
  const { models, media } = await loadText(
    `${file}\nmodels: { patterns: { "gpt-*": openai, "a/*": simulator } }\nmedia: { fetch: false, bytesMax: 1024, timeout: 3s }`,
  );
  expect([...models.patterns]).toEqual([
    ["gpt-*", "openai"],
    ["a/*", "simulator"],
  ]);
  expect(media).toEqual({ fetch: false, bytesMax: 1024, timeoutMs: 3000 });
  const bare = await loadText(file);
  expect([bare.media, bare.models.patterns.size]).toEqual([
    { fetch: true, bytesMax: 20 * 1024 ** 2, timeoutMs: 10_000 },
    0,
  ]);
});

test("API keys of callers", async () => {
  const { auth } = await loadText(`providers: { simulator: }
server: { listen: "0.0.0.0:50051", identityProxies: [10.0.0.0/8] }
auth:
  mode: keys
  keys:
    - { id: ci, sha256: ${"AB".repeat(32)}, tenant: acme, models: ["openai/*", fast, "*"], scopes: [admin], expireTime: 2027-01-01T00:00:00Z, suspended: true }
    - { id: dev, identities: ["spiffe://cluster.local/ns/shop/sa/cart", cart.shop.test] }
`);
  expect(auth).toEqual({
    mode: "keys",
    adminWithoutKey: false,
    keys: [
      {
        id: "ci",
        sha256: "ab".repeat(32),
        identities: [],
        tenant: "acme",
        models: ["openai/*", "fast", "*"],
        scopes: ["admin"],
        expireTimeMs: Date.UTC(2027, 0, 1),
        suspended: true,
      },
      {
        id: "dev",
        sha256: undefined,
        identities: ["spiffe://cluster.local/ns/shop/sa/cart", "cart.shop.test"],
        tenant: "",
        models: undefined,
        scopes: [],
        expireTimeMs: undefined,
        suspended: false,
      },
    ],
  });
});

test("a key in a file loses its trailing line break", async () => {
  await using directory = await temporaryDirectory();
  const key = await directory.write("key", "sk-file\n");
  const { providers } = await loadText(`${off}providers: { openai: { apiKey: "file:${key}" } }`);
  expect(providers[0]?.apiKey?.reveal()).toBe("sk-file");
});

test("each port has an address of its own", async () => {
  const server = "server: { listen: 127.0.0.1:7000, opsListen: 127.0.0.1:7000 }";
  await expect(loadText(`${off}providers: { simulator: }\n${server}`)).rejects.toThrow(
    /server\.opsListen: is the same/,
  );
});

test("a key goes by any of its names, the first that is set", async () => {
  const cohere = {
    baseUrl: "https://c.test",
    keyRequired: true,
    keyVariable: "COHERE_API_KEY",
    keyAliases: ["CO_API_KEY"],
  };
  const keyOf = async (env: Record<string, string>) =>
    (await loadConfig({ env, kinds: new Map([...kinds, ["cohere", cohere]]) })).providers.find(
      ({ id }) => id === "cohere",
    );
  expect((await keyOf({ CO_API_KEY: "b" }))?.apiKey?.reveal()).toBe("b");
  expect((await keyOf({ CO_API_KEY: "b", COHERE_API_KEY: "a" }))?.apiKey?.reveal()).toBe("a");
  expect((await keyOf({ CO_API_KEY: "b", COHERE_BASE_URL: "https://p.test" }))?.baseUrl).toBe("https://p.test");
  expect(await keyOf({ CO_API_KEY: "" })).toBeUndefined();
});
