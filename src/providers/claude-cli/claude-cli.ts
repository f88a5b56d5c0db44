import { catalogOf } from "../../catalog/catalog.ts";
import type { Surroundings } from "../../credentials/surroundings.ts";
import { GatewayError } from "../../model/error.ts";
import type { ModelFacts } from "../../model/target.ts";
import { claudeCli as dialect } from "../../protocols/claude-cli/protocol.ts";
import { Program, programProblem } from "../../upstream/program.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderCarrier, ProviderFacts, ProviderSettings } from "../provider.ts";

/** Each call is a process of some hundred megabytes, so fewer at once than connections elsewhere. */
const processesMax = 4;

/** Variables of the gateway's environment that the program may see: where things are, and the way out. */
const passedOn: readonly string[] = [
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "CLAUDE_CONFIG_DIR"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
  ...["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"],
];

/** What the command line cannot be given. */
const beyond: ReadonlySet<string> = new Set(["tools", "parallel_tools", "json_schema", "logprobs"]);

/** Claude Code, the program, as it is installed and logged in on this machine: one process a call. */
export const claudeCli: ProviderFacts = {
  kind: "claude-cli",
  displayName: "Claude Code (program)",
  genAiName: "anthropic",
  baseUrl: ({ program }) => program,
  settings: {
    program: { about: "absolute path of the claude program, such as /usr/local/bin/claude", required: true },
    oauthToken: { about: "token of `claude setup-token`", variables: ["CLAUDE_CODE_OAUTH_TOKEN"] },
  },
  keyRequired: false,
  authorize: (key) => ({ "x-api-key": key }),
  credentials: "the program's own login, an API key or a token",
  dialects: () => ({ generate: () => dialect }),
  carry,
  models,
  defaultModel: "claude-haiku-4-5",
  patterns: [{ ...patternOf("claude-*"), yields: true }],
  healthPath: "--version",
};

function carry(settings: ProviderSettings, surroundings: Surroundings): ProviderCarrier {
  const { id, connectionsMax = processesMax } = settings;
  const { program = "" } = settings.settings;
  const problem = programProblem(program);
  if (problem !== undefined) {
    throw new GatewayError("INVALID_REQUEST", `provider ${id}: settings.program ${problem}`, {
      metadata: { provider: id, field: "settings.program" },
    });
  }
  return new Program({ program, environment: environmentOf(settings, surroundings), processesMax: connectionsMax });
}

/** Little of the gateway's own environment, and what the operator says of this provider. */
function environmentOf(
  { apiKey, baseUrl, headers, settings }: ProviderSettings,
  { env, homeDirectory }: Surroundings,
): Record<string, string> {
  const custom = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const found = {
    ...Object.fromEntries(passedOn.map((name) => [name, env[name]])),
    HOME: env["HOME"] ?? homeDirectory,
    ANTHROPIC_API_KEY: apiKey,
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_CUSTOM_HEADERS: custom.length === 0 ? undefined : custom.join("\n"),
    CLAUDE_CODE_OAUTH_TOKEN: settings["oauthToken"],
  };
  return Object.fromEntries(Object.entries(found).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** Anthropic's models without prices: what a call costs depends on how the program is logged in. */
function models(): ReadonlyMap<string, ModelFacts> {
  return new Map(
    [...catalogOf("anthropic")].map(([name, facts]) => {
      const features = new Set([...facts.features].filter((feature) => !beyond.has(feature)));
      return [name, { ...facts, features, priceList: undefined }];
    }),
  );
}
