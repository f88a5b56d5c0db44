import * as v from "valibot";
import { auth } from "./auth-section.ts";
import { cache } from "./cache-section.ts";
import { cors } from "./cors-section.ts";
import { defaultAddresses } from "./default-address.ts";
import { extensions } from "./extensions-section.ts";
import { health } from "./health-section.ts";
import { idempotency } from "./idempotency-section.ts";
import { limits as rateLimits } from "./limits-section.ts";
import { overload } from "./overload-section.ts";
import { providerName, providers, timeoutTexts } from "./provider-section.ts";
import { redis } from "./redis-section.ts";
import { chains, policies, retry } from "./routing-section.ts";
import { address, duration, integer, network, pattern } from "./scalar.ts";
import { section } from "./section.ts";
import { streams } from "./streams-section.ts";
import { tls } from "./tls-section.ts";
import { tracing } from "./tracing-section.ts";
import { workers } from "./workers.ts";

const limits = section("What one caller can take from the server.", {
  requestBytesMax: v.optional(integer(1024, 1024 ** 3, "Largest request, in bytes."), 33_554_432),
  connectionsMax: v.optional(integer(1, 1_000_000, "Most connections at once."), 10_000),
  connectionAgeMax: v.optional(
    duration("Age at which a connection is asked to leave, up to a tenth earlier or later. Absent: any."),
  ),
  streamsPerConnectionMax: v.optional(integer(1, 100_000, "Most calls at once on one connection."), 1000),
  headerTimeout: v.optional(duration("Time for the headers of a request to arrive."), "10s"),
  bodyTimeout: v.optional(duration("Time for the body of a request to arrive."), "60s"),
  deadlineMax: v.optional(duration("Longest deadline of a call, and the deadline of a call that brings none."), "10m"),
});

const drain = section("How the server stops.", {
  delay: v.optional(duration("From not being ready to refusing calls, for load balancers to notice.", 0), "0s"),
  timeout: v.optional(duration("Time for calls in flight to end."), "30s"),
});

const server = section("The gateway as a server.", {
  listen: v.optional(address("Address for calls, as host:port."), defaultAddresses.listen),
  opsListen: v.optional(address("Address of /livez, /readyz and /metrics, as host:port."), defaultAddresses.opsListen),
  httpListen: v.optional(
    address("One more address for the same calls, such as 127.0.0.1:4000, for tools that speak HTTP."),
  ),
  workers,
  tls: v.optional(tls),
  cors: v.optional(cors),
  limits: v.nullish(limits, {}),
  drain: v.nullish(drain, {}),
  trustedProxies: v.optional(
    v.pipe(
      v.array(network("Address or network of a proxy.")),
      v.maxLength(100, "must not be more than 100"),
      v.description("Proxies that are believed about where a call comes from, by x-forwarded-for. Absent: none."),
    ),
    [],
  ),
  identityProxies: v.optional(
    v.pipe(
      v.array(network("Address or network of a proxy.")),
      v.maxLength(100, "must not be more than 100"),
      v.description(
        "Proxies that are believed about who calls, by x-forwarded-client-cert, which they must write anew. Absent: none.",
      ),
    ),
    [],
  ),
  reflection: v.optional(v.pipe(v.boolean(), v.description("Serve gRPC reflection.")), true),
});

const timeouts = section("Time limits of calls to every provider.", {
  connect: v.optional(duration(timeoutTexts.connect), "2s"),
  firstOutput: v.optional(duration(timeoutTexts.firstOutput), "5m"),
  idle: v.optional(duration(timeoutTexts.idle), "2m"),
  total: v.optional(duration(timeoutTexts.total), "10m"),
});

const aliasName = pattern(
  /^[A-Za-z][A-Za-z0-9._:@-]{0,255}$/,
  'must be an alias name: a letter, then letters, digits, dots, :, @, - or _, and no "/"',
  "Name of the alias.",
);

const aliasTarget = pattern(
  /^[A-Za-z0-9._:@/-]{1,256}$/,
  'must be an alias, "provider/model", "policies/name" or "chains/name"',
  'Another alias, "provider/model", "policies/name" or "chains/name".',
);

const modelPattern = pattern(
  /^[A-Za-z0-9._:@/-]{1,255}\*$/,
  'must be the beginning of model names with a "*" behind it, as in "gpt-*"',
  "How the names begin, with a * behind it. The longest beginning wins.",
);

const models = section("How callers name models, and which of several answers.", {
  default: v.optional(
    pattern(/^[A-Za-z0-9._:@/-]{1,256}$/, 'must be an alias or "provider/model"', "Model of a call that names none."),
  ),
  aliases: v.nullish(
    v.pipe(
      v.record(aliasName, aliasTarget),
      v.description('Short names: alias to "provider/model", a policy, a chain or another alias.'),
    ),
    {},
  ),
  policies: v.nullish(policies, {}),
  chains: v.nullish(chains, {}),
  retry: v.nullish(retry, {}),
  patterns: v.nullish(
    v.pipe(
      v.record(modelPattern, providerName),
      v.description('Where names without a provider lead, before what is built in: "gpt-*" to a provider.'),
    ),
    {},
  ),
});

const media = section("Images and files given by https address, for providers that take bytes only.", {
  fetch: v.optional(
    v.pipe(v.boolean(), v.description("Fetch them, from public addresses only. false: such addresses are refused.")),
    true,
  ),
  bytesMax: v.optional(integer(1024, 256 * 1024 ** 2, "Largest file, in bytes."), 20_971_520),
  timeout: v.optional(duration("Time to fetch one file."), "10s"),
});

const log = section("What is logged, and how.", {
  level: v.optional(
    v.pipe(
      v.picklist(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
      v.description("Least severe level that is logged."),
    ),
    "info",
  ),
  format: v.optional(
    v.pipe(v.picklist(["auto", "json", "pretty"]), v.description('"auto": pretty on a terminal, JSON elsewhere.')),
    "auto",
  ),
});

/** The sections of a configuration file. A field that is absent or empty gets its default. */
export const fileSections = {
  server: v.nullish(server, {}),
  auth,
  providers: v.nullish(providers, {}),
  models: v.nullish(models, {}),
  timeouts: v.nullish(timeouts, {}),
  media: v.nullish(media, {}),
  redis: v.optional(redis),
  streams: v.nullish(streams, {}),
  health: v.nullish(health, {}),
  cache: v.nullish(cache, {}),
  idempotency: v.nullish(idempotency, {}),
  limits: v.nullish(rateLimits, []),
  extensions: v.nullish(extensions, []),
  overload: v.nullish(overload, {}),
  tracing: v.optional(tracing),
  log: v.nullish(log, {}),
};

/** Sections after validation. */
export type FileSections = { readonly [Name in keyof typeof fileSections]: v.InferOutput<(typeof fileSections)[Name]> };

/** What a configuration file may say: a field that is absent gets its default. Unknown fields are refused. */
export type FileInput = {
  readonly [Name in keyof typeof fileSections]?: Known<v.InferInput<(typeof fileSections)[Name]>>;
};

/** Without the signature by which a section lets unknown fields pass to where they are reported; maps stay as they are. */
type Known<T> = T extends readonly (infer Item)[]
  ? readonly Known<Item>[]
  : T extends object
    ? { readonly [K in keyof T as string extends K ? ([NamesOf<T>] extends [never] ? K : never) : K]: Known<T[K]> }
    : T;

type NamesOf<T> = keyof { [K in keyof T as string extends K ? never : number extends K ? never : K]: true };
