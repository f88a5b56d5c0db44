import { freePort } from "../../support/served-gateway.ts";
import type { PeerKind } from "../peer.ts";
import manifest from "./package.json" with { type: "json" };
import { chatTarget, installCommand, installed, startProcess } from "./place.ts";

const program = "node_modules/@portkey-ai/gateway/build/start-server.js";

/** Portkey's gateway (TypeScript), on this Node. It takes provider and address from headers of the call. */
export const portkey: PeerKind = {
  name: `Portkey ${manifest.dependencies["@portkey-ai/gateway"]}`,
  missing: () => (installed(program) === undefined ? installCommand : undefined),
  async start(cores, upstreamUrl) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = [installed(program) ?? program, `--port=${port}`, "--headless"];
    const process = await startProcess({ cores, args, readyUrl: url, env: { NODE_ENV: "production" } });
    const headers = { "x-portkey-provider": "openai", "x-portkey-custom-host": `${upstreamUrl}/v1` };
    return { name: portkey.name, process, target: chatTarget(url, headers) };
  },
};
