import { GatewayError } from "../../model/error.ts";
import type { AccessToken } from "../bearer.ts";
import { badCredential, type Source } from "../fault.ts";
import type { Surroundings } from "../surroundings.ts";
import { TokenClient } from "../token-client.ts";

const source: Source = {
  name: "Google's metadata server",
  mend:
    "give this machine a service account, set GOOGLE_APPLICATION_CREDENTIALS, " +
    "or run: gcloud auth application-default login",
  elsewhere: "outside Google Cloud, set GOOGLE_APPLICATION_CREDENTIALS",
};
const flavor = { "metadata-flavor": "Google" };

/** The service account of the machine (Compute Engine, Cloud Run) or of the pod (GKE), as its metadata server knows it. */
export class GoogleMetadata {
  readonly #tokenUrl: URL;
  readonly #client: TokenClient;

  /** GCE_METADATA_HOST names another server, as host or host:port. Throws PROVIDER_CREDENTIAL_INVALID if it does not. */
  constructor({ env, now }: Surroundings) {
    const root = URL.parse(`http://${env["GCE_METADATA_HOST"] || "metadata.google.internal"}/computeMetadata/v1/`);
    if (root === null) throw badCredential(source, "GCE_METADATA_HOST is no host");
    this.#tokenUrl = new URL("instance/service-accounts/default/token", root);
    this.#client = new TokenClient(source, now);
  }

  /** A token of the scopes that the machine was given. */
  async token(): Promise<AccessToken> {
    return missing(this.#client.askToken({ url: this.#tokenUrl, headers: flavor }));
  }
}

/** Outside Google's cloud the server has no name: that is no outage, but a credential that nobody gave. */
async function missing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const cause = error instanceof GatewayError ? error.cause : undefined;
    if (!(cause instanceof Error && "code" in cause && cause.code === "ENOTFOUND")) throw error;
    throw badCredential(source, "there is none here, and no other credential was found", { cause });
  }
}
