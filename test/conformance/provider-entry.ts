import type { ProviderSection } from "../support/gateway.ts";

/** What the entry of a provider in the configuration needs beside address and key to replay its recordings. */
const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  vertex: { project: "replay" },
  bedrock: { region: "us-east-1" },
};

/** The entry of a provider that answers at `baseUrl`, with what one recording wants to be different. */
export function providerEntry(provider: string, baseUrl: string, own: ProviderSection): ProviderSection {
  const needed = settings[provider];
  return { baseUrl, apiKey: "sk-replay", ...(needed === undefined ? {} : { settings: needed }), ...own };
}
