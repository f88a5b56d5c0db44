import { readFileSync } from "node:fs";
import { freePort } from "../../support/served-gateway.ts";
import type { PeerKind } from "../peer.ts";
import { chatTarget, folderWith, installCommand, installed, startProcess } from "./place.ts";

const program = "venv/bin/litellm";
const requirements = readFileSync(new URL("requirements.txt", import.meta.url), "utf8");
const [, version = ""] = /^litellm==(.*)$/m.exec(requirements) ?? [];
const env = {
  LITELLM_MODE: "PRODUCTION",
  LITELLM_LOG: "ERROR",
  // The table of prices that it ships instead of the newest, which it would fetch.
  LITELLM_LOCAL_MODEL_COST_MAP: "True",
};

/** LiteLLM's proxy (Python), one worker, no database, one master key. Its configuration is YAML, and so may be JSON. */
export const liteLlm: PeerKind = {
  name: `LiteLLM ${version}`,
  missing: () => (installed(program) === undefined ? installCommand : undefined),
  async start(cores, upstreamUrl) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const folder = folderWith("config.yaml", {
      model_list: [
        {
          model_name: "gpt-4o-mini",
          litellm_params: { model: "openai/gpt-4o-mini", api_base: `${upstreamUrl}/v1`, api_key: "sk-bench" },
        },
      ],
      general_settings: { master_key: "sk-bench" },
      litellm_settings: { telemetry: false },
    });
    const args = [
      "--config",
      `${folder}/config.yaml`,
      "--host",
      "127.0.0.1",
      "--port",
      `${port}`,
      "--num_workers",
      "1",
    ];
    const process = await startProcess({
      cores,
      program: installed(program) ?? program,
      args,
      readyUrl: `${url}/health/liveliness`,
      env,
      directory: folder,
    });
    return { name: liteLlm.name, process, target: chatTarget(url) };
  },
};
