import { createPrivateKey, type KeyObject } from "node:crypto";
import * as v from "valibot";
import { Secret } from "../../model/secret.ts";
import { parseObject } from "../../protocols/field.ts";
import { badCredential, type Source } from "../fault.ts";
import { trustedUrl, trustedUrlRule } from "../trusted-url.ts";

const text = v.pipe(v.string(), v.nonEmpty("must not be empty"));
const secret = v.pipe(
  text,
  v.transform((value) => new Secret(value)),
);
const address = read(trustedUrl, `must be ${trustedUrlRule}`);
/** A KeyObject shows nothing of itself. */
const rsaKey = read(rsaKeyOf, "must be an RSA key in PEM");
/** The id of the project that pays travels in a header; old ones have a domain before a colon. */
const project = v.pipe(text, v.regex(/^[a-z0-9.:-]{1,128}$/, "must be the id of a project"));

const shared = { quota_project_id: v.optional(project) };
const googleTokenUrl = "https://oauth2.googleapis.com/token";

const serviceAccount = v.object({
  ...shared,
  type: v.literal("service_account"),
  client_email: text,
  private_key: rsaKey,
  private_key_id: v.optional(text),
  token_uri: v.optional(address, googleTokenUrl),
});

const authorizedUser = v.object({
  ...shared,
  type: v.literal("authorized_user"),
  client_id: text,
  client_secret: secret,
  refresh_token: secret,
  token_uri: v.optional(address, googleTokenUrl),
});

const credentialSource = v.object({
  file: v.optional(text),
  url: v.optional(address),
  headers: v.optional(v.record(v.string(), secret)),
  format: v.optional(
    v.variant("type", [
      v.object({ type: v.literal("text") }),
      v.object({ type: v.literal("json"), subject_token_field_name: text }),
    ]),
    { type: "text" },
  ),
  environment_id: v.optional(v.unknown()),
  executable: v.optional(v.unknown()),
  certificate: v.optional(v.unknown()),
});

/** What Google allows for impersonation, in seconds. */
const lifetime = v.pipe(
  v.number(),
  v.check((seconds) => seconds >= 600 && seconds <= 43_200, "must be 600 to 43200 seconds"),
);

const externalAccount = v.object({
  ...shared,
  type: v.literal("external_account"),
  audience: text,
  subject_token_type: text,
  token_url: address,
  service_account_impersonation_url: v.optional(address),
  service_account_impersonation: v.optional(
    v.object({
      token_lifetime_seconds: v.optional(lifetime),
    }),
  ),
  credential_source: v.pipe(
    credentialSource,
    v.check(
      ({ environment_id, executable, certificate }) => (environment_id ?? executable ?? certificate) === undefined,
      "takes its subject token from AWS, a program or a certificate, which is not supported: use a file or a URL",
    ),
    v.check(({ file, url }) => (file === undefined) !== (url === undefined), "must have either file or url"),
  ),
  client_id: v.optional(text),
  client_secret: v.optional(secret),
  workforce_pool_user_project: v.optional(text),
});

const impersonatedServiceAccount = v.object({
  ...shared,
  type: v.literal("impersonated_service_account"),
  service_account_impersonation_url: address,
  delegates: v.optional(v.array(text), []),
  source_credentials: v.variant("type", [serviceAccount, authorizedUser, externalAccount]),
});

const googleKey = v.variant("type", [serviceAccount, authorizedUser, externalAccount, impersonatedServiceAccount]);

/** A private key of a service account (`service_account`). */
export type ServiceAccount = v.InferOutput<typeof serviceAccount>;
/** A user's login (`authorized_user`), as gcloud keeps it. */
export type AuthorizedUser = v.InferOutput<typeof authorizedUser>;
/** A trade of somebody else's token for Google's (`external_account`): workload identity federation. */
export type ExternalAccount = v.InferOutput<typeof externalAccount>;
/** A service account in whose name another credential may speak (`impersonated_service_account`). */
export type ImpersonatedServiceAccount = v.InferOutput<typeof impersonatedServiceAccount>;
/** A credential file of Google. What it may not show is a Secret or a KeyObject. */
export type GoogleKey = v.InferOutput<typeof googleKey>;

/** Largest credential file. */
export const keyBytesMax = 64 * 1024;

/** Reads a credential file. Throws PROVIDER_CREDENTIAL_INVALID, which names the field and never its value. */
export function googleKeyOf(json: string, source: Source): GoogleKey {
  const value = json.length > keyBytesMax ? undefined : parseObject(json);
  if (value === undefined) throw badCredential(source, `it is not a JSON object of at most ${keyBytesMax} characters`);
  const { success, output, issues } = v.safeParse(googleKey, value);
  if (success) return output;
  const [{ message, kind, path }] = issues;
  const field = path?.map(({ key }) => String(key)).join(".") ?? "";
  // What valibot says of a type would repeat the value; the rest are the sentences above.
  const unusable = field.endsWith("type") ? "is none of those that are supported" : "is missing or of the wrong type";
  throw badCredential(source, `its field ${field} ${kind === "schema" ? unusable : message}`);
}

function read<T>(parse: (value: string) => T | undefined, message: string) {
  return v.pipe(
    text,
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message });
      return NEVER;
    }),
  );
}

function rsaKeyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" ? key : undefined;
  } catch {
    return undefined;
  }
}
