import { spawnSync } from "node:child_process";
import { freePort } from "../../support/served-gateway.ts";
import type { PeerKind } from "../peer.ts";
import { chatTarget, folderWith, installed, startProcess } from "./place.ts";

/** Bifrost's HTTP gateway (Go), without its stores of configuration and logs. */
export const bifrost: PeerKind = {
  name: "Bifrost",
  missing: () =>
    program() === undefined ? "go install github.com/maximhq/bifrost/transports/bifrost-http@latest" : undefined,
  async start(cores, upstreamUrl) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const folder = folderWith("config.json", {
      client: { enable_logging: false },
      providers: {
        openai: {
          keys: [{ name: "bench", value: "sk-bench", models: ["*"], weight: 1 }],
          network_config: { base_url: upstreamUrl },
        },
      },
      config_store: { enabled: false },
      logs_store: { enabled: false },
    });
    const process = await startProcess({
      cores,
      program: program() ?? "bifrost-http",
      args: ["-app-dir", folder, "-host", "127.0.0.1", "-port", `${port}`, "-log-level", "error"],
      readyUrl: `${url}/health`,
      directory: folder,
    });
    return { name: bifrost.name, process, target: chatTarget(url, {}, "openai/gpt-4o-mini") };
  },
};

/** In this folder, or in PATH. */
function program(): string | undefined {
  const found = installed("bin/bifrost-http");
  if (found !== undefined) return found;
  return spawnSync("which", ["bifrost-http"]).status === 0 ? "bifrost-http" : undefined;
}
