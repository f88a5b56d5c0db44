import { catalogOf } from "../../catalog/catalog.ts";
import { AwsAuthorizer } from "../../credentials/aws.ts";
import { GatewayError } from "../../model/error.ts";
import { baseModelOf, geographyOf } from "../../protocols/converse/model-id.ts";
import { converse, countedConverse } from "../../protocols/converse/protocol.ts";
import { countedClaude, invokedClaude } from "../../protocols/invoke/claude.ts";
import { cohereEmbed } from "../../protocols/invoke/cohere-embed.ts";
import { invokedRerank } from "../../protocols/invoke/rerank.ts";
import { titanEmbed } from "../../protocols/invoke/titan-embed.ts";
import { bearer } from "../authorize.ts";
import { patternOf } from "../pattern.ts";
import type { Access, Dialects, ProviderFacts, Settings } from "../provider.ts";

/** Models whose tokens Bedrock counts: those of Anthropic since 3.5. It refuses to count for others, and for ARNs that do not tell. */
const counted = /^anthropic\.claude-(?!v\d|instant-|3-(?:haiku|sonnet|opus)-)/;

/** How the ids of inference profiles and of models begin. */
const regions = ["us", "eu", "apac", "global"];
const vendors = ["ai21", "amazon", "anthropic", "cohere", "deepseek", "meta", "mistral", "openai", "qwen"];

/** Models on Amazon Bedrock, by foundation model, inference profile or ARN. */
export const bedrock: ProviderFacts = {
  kind: "bedrock",
  displayName: "Amazon Bedrock",
  genAiName: "aws.bedrock",
  baseUrl: baseUrlOf,
  settings: {
    region: { about: "AWS region of the endpoint", variables: ["AWS_REGION", "AWS_DEFAULT_REGION"], required: true },
    api: {
      about: "converse, or invoke for Anthropic's own format, with Anthropic's models only; converse is the default",
    },
    profile: { about: "profile in AWS's own files, in place of the default chain" },
    accessKeyId: { about: "access key, in place of the default chain" },
    secretAccessKey: { about: "secret of accessKeyId" },
    sessionToken: { about: "token of an accessKeyId that expires" },
    roleArn: { about: "role to assume" },
    webIdentityTokenFile: { about: "file with the token that proves to be entitled to roleArn" },
  },
  keyVariable: "AWS_BEARER_TOKEN_BEDROCK",
  sharedSwitches: [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  ],
  keyRequired: false,
  authorize: bearer,
  authorizer,
  credentials: "Bedrock API key, or AWS's keys: of the settings, or of AWS's default chain",
  dialects,
  models: () => catalogOf("bedrock"),
  patterns: [...regions, ...vendors].map((name) => patternOf(`${name}.*`)),
  region: regionOf,
  healthPath: undefined,
};

/** Nothing but a region may decide about the host: the key is sent there. */
function baseUrlOf({ region = "" }: Settings): string | undefined {
  return /^[a-z0-9-]+$/.test(region) ? `https://bedrock-runtime.${region}.amazonaws.com` : undefined;
}

/** A profile answers from wherever in its geography; one of the operator's own does not tell from where. */
function regionOf({ region }: Settings, model: string, given: string | undefined): string | undefined {
  const geography = geographyOf(model);
  if (geography !== undefined) return geography;
  return model.includes("application-inference-profile/") ? undefined : (given ?? region);
}

function authorizer({ key, settings, surroundings }: Access): AwsAuthorizer | undefined {
  const { region = "", api: _api, ...identity } = settings;
  return key === undefined ? new AwsAuthorizer({ region, ...identity }, "bedrock", surroundings) : undefined;
}

function dialects({ api = "converse" }: Settings): Dialects {
  if (api !== "converse" && api !== "invoke") {
    throw new GatewayError("INVALID_REQUEST", "settings.api of a bedrock provider must be converse or invoke");
  }
  return {
    generate: (model) => {
      if (isEmbedding(model) || isRerank(model)) return undefined;
      const isCounted = counted.test(baseModelOf(model));
      if (api === "invoke") return isCounted ? countedClaude : invokedClaude;
      return isCounted ? countedConverse : converse;
    },
    embed: (model) => {
      if (!isEmbedding(model)) return undefined;
      return baseModelOf(model).startsWith("cohere.") ? cohereEmbed : titanEmbed;
    },
    rerank: (model) => (isRerank(model) ? invokedRerank : undefined),
  };
}

/** Other embedding models have formats of their own. */
function isEmbedding(model: string): boolean {
  return /^(?:amazon\.titan-embed|cohere\.embed)-/.test(baseModelOf(model));
}

function isRerank(model: string): boolean {
  return /^(?:amazon|cohere)\.rerank-/.test(baseModelOf(model));
}
