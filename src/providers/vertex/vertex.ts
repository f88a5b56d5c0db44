import { catalogOf } from "../../catalog/catalog.ts";
import { GoogleCredential } from "../../credentials/google.ts";
import type { Protocol } from "../../model/protocol.ts";
import { Secret } from "../../model/secret.ts";
import { vertexEmbed } from "../../protocols/gemini/vertex-embed.ts";
import { patternOf } from "../pattern.ts";
import type { ProviderFacts, Settings } from "../provider.ts";
import { vertexClaude } from "./claude.ts";
import { vertexGemini } from "./gemini.ts";
import { vertexOpenModels } from "./open-models.ts";

/** Locations of several regions, which have a host of their own kind. */
const multiRegions: ReadonlySet<string> = new Set(["us", "eu"]);

/** Google's Vertex AI: Gemini, Claude, and models of other publishers in one's own project. */
export const vertex: ProviderFacts = {
  kind: "vertex",
  displayName: "Google Vertex AI",
  genAiName: "gcp.vertex_ai",
  baseUrl: baseUrlOf,
  settings: {
    project: { about: "id of the Google Cloud project", variables: ["GOOGLE_CLOUD_PROJECT"], required: true },
    location: { about: "region, us, eu, or global, which is the default", variables: ["GOOGLE_CLOUD_LOCATION"] },
    credentials: { about: "JSON of a Google Cloud credential, in place of application default credentials" },
  },
  switches: ["GOOGLE_GENAI_USE_VERTEXAI"],
  keyRequired: false,
  authorize: (key) => ({ "x-goog-api-key": key }),
  authorizer: ({ key, settings: { credentials }, surroundings }) =>
    key === undefined
      ? new GoogleCredential(surroundings, credentials === undefined ? undefined : new Secret(credentials))
      : undefined,
  credentials: "application default credentials of Google Cloud, or an API key",
  dialects: () => ({ generate: protocolFor, embed: vertexEmbed }),
  models: () => catalogOf("vertex"),
  defaultModel: "gemini-2.5-flash",
  patterns: [patternOf("gemini-*"), { ...patternOf("claude-*"), yields: true }],
  region: ({ location = "global" }, _model, given) => given ?? location,
  healthPath: "/cachedContents?pageSize=1",
};

function baseUrlOf({ project, location = "global" }: Settings): string | undefined {
  if (project === undefined || !/^[a-z0-9-]+$/.test(location)) return undefined;
  const place = `projects/${encodeURIComponent(project)}/locations/${location}`;
  return `https://${hostOf(location)}/v1beta1/${place}`;
}

function hostOf(location: string): string {
  if (location === "global") return "aiplatform.googleapis.com";
  if (multiRegions.has(location)) return `aiplatform.${location}.rep.googleapis.com`;
  return `${location}-aiplatform.googleapis.com`;
}

function protocolFor(model: string): Protocol {
  if (/^claude-/.test(model)) return vertexClaude;
  return /^(?!endpoints\/)[^/]+\//.test(model) ? vertexOpenModels : vertexGemini;
}
