import { readFileSync } from "node:fs";

/** Version of the gateway, as in package.json. */
export function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}
