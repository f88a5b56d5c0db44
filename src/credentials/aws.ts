import type { Authorizer, OutgoingRequest, Proof } from "../model/authorizer.ts";
import { AwsKeySource, type AwsSettings, checkedKeys, givenKeys, sourceOf } from "./aws-keys.ts";
import { badCredential } from "./fault.ts";
import { type AwsKeys, RequestSigner } from "./sigv4.ts";
import type { Surroundings } from "./surroundings.ts";
import { TokenCache } from "./token-cache.ts";

/**
 * Proves by a signature of the request, with the keys of the settings, or with those that AWS's default chain finds:
 * environment, profiles, SSO, web identity, container, instance. Keys that expire are renewed in time.
 */
export class AwsAuthorizer implements Authorizer {
  readonly #signer: RequestSigner;
  readonly #keys: { get(): AwsKeys | Promise<AwsKeys>; distrust?(): void };
  readonly #now: () => number;

  /**
   * `service` is the name in signatures: "bedrock" for bedrock-runtime too. Throws PROVIDER_CREDENTIAL_INVALID for settings
   * that contradict each other.
   */
  constructor(settings: AwsSettings, service: string, surroundings: Pick<Surroundings, "now" | "renewalFailed">) {
    checkSettings(settings);
    const given = givenKeys(settings);
    this.#now = surroundings.now;
    this.#signer = new RequestSigner({ region: settings.region, service });
    if (given !== undefined && settings.roleArn === undefined) this.#keys = { get: () => given };
    else {
      const source = new AwsKeySource(settings, surroundings.now);
      this.#keys = new TokenCache(() => source.fetch(), surroundings);
    }
  }

  prove(request: OutgoingRequest): Proof | Promise<Proof> {
    const keys = this.#keys.get();
    return keys instanceof Promise ? keys.then((found) => this.#sign(request, found)) : this.#sign(request, keys);
  }

  distrust(): void {
    this.#keys.distrust?.();
  }

  #sign(request: OutgoingRequest, keys: AwsKeys): Proof {
    return this.#signer.sign(request, keys, this.#now());
  }
}

function checkSettings(settings: AwsSettings): void {
  const { region, profile, accessKeyId, secretAccessKey, sessionToken, roleArn, webIdentityTokenFile } = settings;
  const source = { name: "AWS's settings", mend: "change the configuration of the provider" };
  if (!/^[a-z0-9-]+$/.test(region)) throw badCredential(source, "region must be like eu-west-1");
  const given = givenKeys(settings);
  if (given === undefined && [accessKeyId, secretAccessKey, sessionToken].some((part) => part !== undefined)) {
    throw badCredential(source, "accessKeyId and secretAccessKey belong together, and sessionToken to both");
  }
  if ([accessKeyId, profile, webIdentityTokenFile].filter((way) => way !== undefined).length > 1) {
    throw badCredential(source, "accessKeyId, profile and webIdentityTokenFile exclude each other");
  }
  if (webIdentityTokenFile !== undefined && roleArn === undefined) {
    throw badCredential(source, "webIdentityTokenFile needs the roleArn to assume with it");
  }
  if (given !== undefined) checkedKeys(given, sourceOf(settings));
}
