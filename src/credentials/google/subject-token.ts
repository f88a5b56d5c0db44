import { Secret } from "../../model/secret.ts";
import { parseObject } from "../../protocols/field.ts";
import { badCredential } from "../fault.ts";
import type { TokenClient } from "../token-client.ts";
import { readTokenFile } from "../token-file.ts";
import type { ExternalAccount } from "./key.ts";

/** The token to trade, out of the file or the answer that the credential names, as text or as a field of JSON. */
export async function subjectTokenOf(
  { credential_source: from }: ExternalAccount,
  client: TokenClient,
): Promise<Secret> {
  const text = (await contentOf(from, client)).trim();
  const { format } = from;
  const token = format.type === "json" ? parseObject(text)?.[format.subject_token_field_name] : text;
  if (typeof token === "string" && token !== "") return new Secret(token);
  const where = format.type === "json" ? "has no such field, or is no JSON" : "is empty";
  throw badCredential(client.source, `what its credential_source names ${where}`);
}

async function contentOf(
  { file, url, headers = {} }: ExternalAccount["credential_source"],
  client: TokenClient,
): Promise<string> {
  if (url === undefined) return readTokenFile(file ?? "", "the file that its credential_source names", client.source);
  const revealed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()]));
  return (await client.ask({ url, headers: revealed })).body;
}
