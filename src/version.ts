import manifest from "../package.json" with { type: "json" };

/** Version of the gateway, as in package.json. */
export function version(): string {
  return manifest.version;
}
