import type { Meter } from "../catalog/facts.ts";
import type { Secret } from "../model/secret.ts";
import type { Price } from "../model/target.ts";
import { authOf } from "./auth-section.ts";
import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { idempotencyOf } from "./idempotency-section.ts";
import { limitsOf } from "./limits-section.ts";
import { overloadOf } from "./overload-section.ts";
import { isRedisUrl } from "./redis-section.ts";
import { routingOf } from "./routing.ts";
import type { Config, ExtensionConfig, ModelConfig, ProviderConfig, RedisConfig, ServerConfig } from "./schema.ts";
import { headerSecretOf, settingOf } from "./setting.ts";
import { tlsOf } from "./tls-section.ts";
import { tracingOf } from "./tracing-section.ts";
import type { Path } from "./yaml-file.ts";

type FileProvider = FileSections["providers"][string];
type FileModel = FileProvider["models"][string];

/** Turns valid sections into the configuration; reads the files that they name. Problems go to the findings. */
export async function resolve(
  sections: FileSections,
  extensions: readonly ExtensionConfig[],
  findings: Findings,
): Promise<Config> {
  const { auth, models, media, health, streams, log } = sections;
  const server = await serverOf(sections.server, findings);
  const providers: ProviderConfig[] = [];
  for (const [id, provider] of Object.entries(sections.providers)) {
    providers.push(await providerOf(id, provider, sections.timeouts, findings));
  }
  return {
    server,
    auth: authOf(auth),
    providers,
    models: {
      default: models.default,
      aliases: new Map(Object.entries(models.aliases)),
      patterns: new Map(Object.entries(models.patterns)),
      ...routingOf(models, findings),
    },
    cache: cacheOf(sections.cache),
    idempotency: idempotencyOf(sections.idempotency),
    redis: sections.redis === undefined ? undefined : await redisOf(sections.redis, findings),
    streams: streamsOf(streams),
    limits: limitsOf(sections.limits),
    overload: overloadOf(sections.overload),
    media: { fetch: media.fetch, bytesMax: media.bytesMax, timeoutMs: media.timeout },
    health: {
      breakers: health.breakers,
      trialAfterMs: health.trialAfter,
      checks: {
        enabled: health.checks.enabled,
        intervalMs: health.checks.interval,
        timeoutMs: health.checks.timeout,
      },
    },
    extensions,
    tracing: await tracingOf(sections, findings),
    log: { level: log.level, format: log.format },
    files: findings.files,
  };
}

async function serverOf(server: FileSections["server"], findings: Findings): Promise<ServerConfig> {
  const { limits, drain } = server;
  return {
    listen: server.listen,
    opsListen: server.opsListen,
    httpListen: server.httpListen,
    workers: server.workers,
    tls: server.tls === undefined ? undefined : await tlsOf(server.tls, findings),
    cors: server.cors && { origins: server.cors.origins, maxAgeMs: server.cors.maxAge },
    limits: {
      requestBytesMax: limits.requestBytesMax,
      connectionsMax: limits.connectionsMax,
      connectionAgeMs: limits.connectionAgeMax,
      streamsPerConnectionMax: limits.streamsPerConnectionMax,
      headerTimeoutMs: limits.headerTimeout,
      bodyTimeoutMs: limits.bodyTimeout,
      deadlineMaxMs: limits.deadlineMax,
    },
    drain: { delayMs: drain.delay, timeoutMs: drain.timeout },
    trustedProxies: server.trustedProxies,
    identityProxies: server.identityProxies,
    reflection: server.reflection,
  };
}

function cacheOf({ ttl, staleWhileRevalidate, replicaWait, ...cache }: FileSections["cache"]): Config["cache"] {
  return { ...cache, ttlMs: ttl, staleMs: staleWhileRevalidate, replicaWaitMs: replicaWait };
}

function streamsOf({ resume, shared, bytesMax, ...streams }: FileSections["streams"]): Config["streams"] {
  const {
    heartbeat: heartbeatMs,
    keep: keepMs,
    graceAfterDisconnect: graceMs,
    graceAfterReset: resetGraceMs,
    perStreamBytesMax: streamBytesMax,
  } = streams;
  return { heartbeatMs, resume, shared, bytesMax, keepMs, graceMs, resetGraceMs, streamBytesMax };
}

async function redisOf(redis: NonNullable<FileSections["redis"]>, findings: Findings): Promise<RedisConfig> {
  const at = ["redis", "url"];
  const url = await settingOf(redis.url, at, findings);
  if (!isRedisUrl(url.reveal())) {
    findings.add(
      at,
      "must be redis://[user:password@]host[:port][/database], or rediss:// for TLS; percent-encode signs",
    );
  }
  return { url, keyPrefix: redis.keyPrefix, opTimeoutMs: redis.opTimeout, replicas: redis.replicas };
}

async function providerOf(
  id: string,
  provider: FileProvider,
  general: FileSections["timeouts"],
  findings: Findings,
): Promise<ProviderConfig> {
  const path = ["providers", id];
  const headers: Record<string, Secret> = {};
  for (const [name, value] of Object.entries(provider.headers)) {
    headers[name.toLowerCase()] = await headerSecretOf(value, [...path, "headers", name], findings);
  }
  const settings = await settingsOf(provider.settings, [...path, "settings"], findings);
  const { apiKey, timeouts } = provider;
  return {
    id,
    kind: provider.kind ?? id,
    apiKey: apiKey === undefined ? undefined : await headerSecretOf(apiKey, [...path, "apiKey"], findings),
    credentials: await credentialsOf(provider, path, findings),
    baseUrl: provider.baseUrl,
    headers,
    settings,
    region: provider.region,
    tags: provider.tags,
    tellsTrace: provider.traceContext,
    connectionsMax: provider.connectionsMax,
    timeouts: {
      connectMs: timeouts.connect ?? general.connect,
      firstOutputMs: timeouts.firstOutput ?? general.firstOutput,
      idleMs: timeouts.idle ?? general.idle,
      totalMs: timeouts.total ?? general.total,
    },
    discover: provider.discover,
    models: new Map(Object.entries(provider.models).map(([name, model]) => [name, modelOf(model)])),
  };
}

async function credentialsOf(
  { credentials = [] }: FileProvider,
  path: Path,
  findings: Findings,
): Promise<ProviderConfig["credentials"]> {
  const resolved: ProviderConfig["credentials"][number][] = [];
  for (const [index, { name, apiKey, settings }] of credentials.entries()) {
    const at = [...path, "credentials", index];
    resolved.push({
      name,
      apiKey: apiKey === undefined ? undefined : await headerSecretOf(apiKey, [...at, "apiKey"], findings),
      settings: await settingsOf(settings, [...at, "settings"], findings),
    });
  }
  return resolved;
}

async function settingsOf(
  given: Readonly<Record<string, string>>,
  path: Path,
  findings: Findings,
): Promise<Readonly<Record<string, Secret>>> {
  const settings: Record<string, Secret> = {};
  for (const [name, value] of Object.entries(given)) settings[name] = await settingOf(value, [...path, name], findings);
  return settings;
}

function modelOf(model: FileModel): ModelConfig {
  return {
    baseModel: model.baseModel,
    type: model.type,
    contextWindow: model.contextWindow,
    maxOutputTokens: model.maxOutputTokens,
    dimensions: model.dimensions,
    features: model.features,
    tags: model.tags,
    prices: model.prices === undefined ? undefined : pricesOf(model.prices),
  };
}

/** Meters by the names of their prices in a file. */
const meters = {
  input: "input",
  output: "output",
  cacheRead: "cache_read",
  cacheWrite: "cache_write",
  cacheWrite1h: "cache_write_1h",
  inputAudio: "input_audio",
  outputAudio: "output_audio",
  searchUnit: "search_unit",
  webSearch: "tool:web_search",
} as const satisfies Readonly<Record<string, Meter>>;

function pricesOf(prices: NonNullable<FileModel["prices"]>): Price[] {
  return (Object.keys(meters) as (keyof typeof meters)[]).flatMap((name) => {
    const nanosPerMillion = prices[name];
    return nanosPerMillion === undefined ? [] : [{ meter: meters[name], nanosPerMillion, fromInputTokens: 0 }];
  });
}
