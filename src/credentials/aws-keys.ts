import { setTimeout as after } from "node:timers/promises";
import type * as Library from "@aws-sdk/credential-providers";
import type { GatewayError } from "../model/error.ts";
import { word } from "../protocols/status-fault.ts";
import { badCredential, noToken, type Source, unreachable } from "./fault.ts";
import type { AwsKeys } from "./sigv4.ts";
import type { Expiring } from "./token-cache.ts";

/** How an operator identifies the gateway towards AWS. What is not said here, AWS's default chain is asked for. */
export interface AwsSettings {
  /** Where requests are signed for and roles are assumed: "eu-west-1". */
  readonly region: string;
  /** Name of a profile in AWS's own files. It alone is used then, not the chain. */
  readonly profile?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly sessionToken?: string | undefined;
  /** A role to assume with what the other settings, or the chain, give. */
  readonly roleArn?: string | undefined;
  /** Path of a token that proves to be entitled to the role, renewed by somebody else. */
  readonly webIdentityTokenFile?: string | undefined;
}

type Provider = ReturnType<typeof Library.fromIni>;

/** Longest that a call waits for keys. */
const answerMsMax = 10_000;
/** How long keys without an end are believed: whoever changes a profile or a variable need not restart the gateway. */
const lifeMsUnsaid = 15 * 60_000;

/** Names the session in AWS's audit log. */
const sessionName = "llmhub";

/** One try of a server that does not answer must end before the call's patience does. */
const client = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2000, requestTimeout: 4000, throwOnRequestTimeout: true },
};

/** What the functions of the library, as its log names them, look into. */
const places: Readonly<Record<string, string>> = {
  fromEnv: "environment variables",
  fromIni: "profiles",
  fromSSO: "SSO login",
  fromProcess: "credential process",
  fromTokenFile: "web identity token",
  fromHttp: "container endpoint",
  fromInstanceMetadata: "instance metadata",
  fromTemporaryCredentials: "role",
};

/**
 * Looks for keys where AWS's tools look for them, by AWS's own library, which is loaded with the first look-up. Its
 * messages are not passed on: they repeat command lines and pieces of answers.
 */
export class AwsKeySource {
  readonly #settings: AwsSettings;
  readonly #now: () => number;
  readonly #answerMs: number;
  readonly #source: Source;
  #lookUp: Promise<Expiring<AwsKeys>> | undefined;

  constructor(settings: AwsSettings, now: () => number, answerMs = answerMsMax) {
    this.#settings = settings;
    this.#now = now;
    this.#answerMs = answerMs;
    this.#source = sourceOf(settings);
  }

  /**
   * Rejects with PROVIDER_CREDENTIAL_INVALID or PROVIDER_UNAVAILABLE, after 10 s at the latest. The library cannot be
   * stopped: what takes longer goes on, and the next call waits for it instead of beginning anew.
   */
  async fetch(): Promise<Expiring<AwsKeys>> {
    this.#lookUp ??= this.#find().finally(() => {
      this.#lookUp = undefined;
    });
    const waiting = new AbortController();
    try {
      return await Promise.race([this.#lookUp, this.#impatience(waiting.signal)]);
    } finally {
      waiting.abort();
    }
  }

  async #impatience(signal: AbortSignal): Promise<never> {
    await after(this.#answerMs, undefined, { signal });
    throw noToken(this.#source, `no keys within ${this.#answerMs} ms`, { metadata: { cause: "timeout" } });
  }

  async #find(): Promise<Expiring<AwsKeys>> {
    const library = await import("@aws-sdk/credential-providers");
    const tried = new Set<string>();
    let found: Awaited<ReturnType<Provider>>;
    try {
      found = await providerOf(library, this.#settings, logInto(tried))();
    } catch (error) {
      throw failure(this.#source, [...tried], error instanceof Error ? error : new Error("unknown"));
    }
    const nowMs = this.#now();
    const expiresMs = found.expiration === undefined ? nowMs + lifeMsUnsaid : found.expiration.getTime();
    if (expiresMs > nowMs) return { value: checkedKeys(keysOf(found), this.#source), expiresMs };
    throw noToken(this.#source, "its keys have expired already; compare the clocks of both machines");
  }
}

/** The keys, if they can be sent in a header; else throws PROVIDER_CREDENTIAL_INVALID. */
export function checkedKeys(keys: AwsKeys, source: Source): AwsKeys {
  for (const [name, value] of Object.entries(keys)) {
    if (value === undefined || /^[!-~]+$/.test(value)) continue;
    throw badCredential(source, `${name} is empty or holds a blank, a line break or a character beyond ASCII`);
  }
  return keys;
}

/** The keys that are part of the settings. */
export function givenKeys({ accessKeyId, secretAccessKey, sessionToken }: AwsSettings): AwsKeys | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return keysOf({ accessKeyId, secretAccessKey, sessionToken });
}

/** Without what else the library tells of keys. */
function keysOf(found: Omit<AwsKeys, "sessionToken"> & { readonly sessionToken?: string | undefined }): AwsKeys {
  const { accessKeyId, secretAccessKey, sessionToken } = found;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

/** Where the keys of these settings come from, for errors. */
export function sourceOf(settings: AwsSettings): Source {
  const { profile, roleArn, webIdentityTokenFile } = settings;
  if (webIdentityTokenFile !== undefined) {
    return { name: "AWS's web identity", mend: "check the token's file, and whom the role trusts" };
  }
  if (roleArn !== undefined)
    return { name: "AWS's role", mend: "check the role, whom it trusts, and the keys to assume it with" };
  if (givenKeys(settings) !== undefined)
    return { name: "AWS's keys in the configuration", mend: "put in a valid pair" };
  if (profile !== undefined) {
    return {
      name: `AWS's profile ${profile}`,
      mend: "check AWS's config and credentials files, or run: aws sso login",
    };
  }
  return {
    name: "AWS's default chain of credentials",
    mend: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run: aws sso login, or give the machine a role",
  };
}

function providerOf(library: typeof Library, settings: AwsSettings, logger: Logger): Provider {
  const { region, profile, roleArn, webIdentityTokenFile } = settings;
  // The region is not the client's own: that of SSO is in the profile.
  const parentClientConfig = { region, requestHandler: client.requestHandler };
  const common = { clientConfig: client, parentClientConfig, logger, ignoreCache: true };
  if (roleArn !== undefined && webIdentityTokenFile !== undefined) {
    return library.fromTokenFile({ ...common, roleArn, webIdentityTokenFile, roleSessionName: sessionName });
  }
  const own = profile === undefined ? library.fromNodeProviderChain(common) : library.fromIni({ ...common, profile });
  if (roleArn === undefined) return own;
  return library.fromTemporaryCredentials({
    masterCredentials: givenKeys(settings) ?? own,
    params: { RoleArn: roleArn, RoleSessionName: sessionName },
    clientConfig: { ...client, region },
    logger,
  });
}

type Logger = NonNullable<NonNullable<Parameters<typeof Library.fromIni>[0]>["logger"]>;

/** A log that keeps nothing but the places that were looked into: "@aws-sdk/credential-provider-env - fromEnv". */
function logInto(tried: Set<string>): Logger {
  const ignore = () => undefined;
  const debug = (line: unknown) => {
    const place = places[/ - (?:remoteProvider::)?(\w+)/.exec(String(line))?.[1] ?? ""];
    if (place !== undefined) tried.add(place);
  };
  return { trace: ignore, debug, info: ignore, warn: ignore, error: ignore };
}

/** What the library's clients say of a failure beside its name. */
interface ServiceFault extends Error {
  readonly code?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly attempts?: number };
}

/** Codes of system calls on files; all others that a system call gives are of connections. */
const fileCodes = ["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "EPERM"];

function failure(source: Source, tried: readonly string[], error: ServiceFault): GatewayError {
  const code = word(error.code ?? error.name);
  const isConnection = error.name === "TimeoutError" || ("syscall" in error && !fileCodes.includes(code));
  if (isConnection) return unreachable(source, error);
  const facts = { metadata: { upstreamCode: code } };
  // The library repeats what a repeat may help, such as "Throttling" with status 400.
  const isPassing = error.$fault === "server" || (error.$metadata?.attempts ?? 1) > 1;
  if (isPassing) return noToken(source, `its server failed (${code})`, facts);
  // The library's general name says nothing.
  const why = code === "CredentialsProviderError" ? "" : ` (${code})`;
  return badCredential(source, `nothing usable in ${tried.join(", ")}${why}`, facts);
}
