import { join } from "node:path";
import { FileError, readBounded } from "../config/bounded-file.ts";
import type { Authorizer, Proof } from "../model/authorizer.ts";
import type { Secret } from "../model/secret.ts";
import { BearerAuthorizer, type BearerGrant } from "./bearer.ts";
import { badCredential, type Source } from "./fault.ts";
import { tokenOf } from "./google/grant.ts";
import { type GoogleKey, googleKeyOf, keyBytesMax } from "./google/key.ts";
import { GoogleMetadata } from "./google/metadata.ts";
import type { Surroundings } from "./surroundings.ts";
import { TokenClient } from "./token-client.ts";

/** A credential file and where it came from. */
interface FoundKey {
  readonly key: GoogleKey;
  readonly source: Source;
}

const origins = {
  configuration: { name: "Google's credential in the configuration", mend: "put in the JSON of a valid key" },
  variable: {
    name: "Google's credential in the file of GOOGLE_APPLICATION_CREDENTIALS",
    mend: "point the variable at the JSON of a valid key",
  },
  login: { name: "Google's credential of gcloud", mend: "run: gcloud auth application-default login" },
} satisfies Record<string, Source>;

/**
 * Google's application default credentials: the JSON that the operator gave, or else the file that
 * GOOGLE_APPLICATION_CREDENTIALS names, gcloud's login, or the metadata server. A file is read again for every token, so
 * a new key is taken up without a restart.
 */
export class GoogleCredential implements Authorizer {
  readonly #surroundings: Surroundings;
  readonly #given: FoundKey | undefined;
  readonly #bearer: BearerAuthorizer;

  /** Throws PROVIDER_CREDENTIAL_INVALID for JSON that is no credential. */
  constructor(surroundings: Surroundings, json?: Secret) {
    const source = origins.configuration;
    this.#surroundings = surroundings;
    this.#given = json === undefined ? undefined : { key: googleKeyOf(json.reveal(), source), source };
    this.#bearer = new BearerAuthorizer(() => this.#grant(), surroundings);
  }

  prove(): Proof | Promise<Proof> {
    return this.#bearer.prove();
  }

  distrust(): void {
    this.#bearer.distrust();
  }

  async #grant(): Promise<BearerGrant> {
    const { env, now } = this.#surroundings;
    const found = await this.#find();
    const token =
      found === undefined
        ? await new GoogleMetadata(this.#surroundings).token()
        : await tokenOf(found.key, new TokenClient(found.source, now));
    const quotaProject = env["GOOGLE_CLOUD_QUOTA_PROJECT"] || found?.key.quota_project_id;
    return quotaProject === undefined ? token : { ...token, headers: { "x-goog-user-project": quotaProject } };
  }

  /** Undefined: the metadata server is what is left. */
  async #find(): Promise<FoundKey | undefined> {
    if (this.#given !== undefined) return this.#given;
    const { env, homeDirectory } = this.#surroundings;
    const named = env["GOOGLE_APPLICATION_CREDENTIALS"];
    if (named) return keyIn(named, origins.variable);
    const directory = env["CLOUDSDK_CONFIG"] || join(env["APPDATA"] || join(homeDirectory, ".config"), "gcloud");
    return keyIn(join(directory, "application_default_credentials.json"), origins.login);
  }
}

/** Undefined only for a login that nobody made, or that another user did: a file that was named must be there. */
async function keyIn(path: string, source: Source): Promise<FoundKey | undefined> {
  try {
    return { key: googleKeyOf(await readBounded(path, keyBytesMax), source), source };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    if (error.code !== "" && source === origins.login) return undefined;
    throw badCredential(source, error.message);
  }
}
