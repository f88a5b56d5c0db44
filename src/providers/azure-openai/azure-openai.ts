import { catalogOf } from "../../catalog/catalog.ts";
import { entra } from "../../credentials/entra.ts";
import type { Authorizer } from "../../model/authorizer.ts";
import type { EmbedDialect, Protocol } from "../../model/protocol.ts";
import { Secret } from "../../model/secret.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { readChat } from "../../protocols/chat-completions/read.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { embeddings } from "../../protocols/embeddings/protocol.ts";
import { renderEmbeddings } from "../../protocols/embeddings/render.ts";
import { responses } from "../../protocols/responses/protocol.ts";
import { apiSetting, chosenApi } from "../api-choice.ts";
import { responsesNames } from "../openai/responses.ts";
import type { Access, Dialects, ProviderFacts, Settings } from "../provider.ts";
import { faultOfAzure, filterFields } from "./content-filter.ts";
import { placedAt, renderAt, renderResponsesAt } from "./render.ts";
import { surfaceOf } from "./surface.ts";

/**
 * Azure OpenAI, and the models of Azure AI Foundry. A model is a deployment under the operator's own name: `baseModel` in its
 * configuration says whose facts hold. What is listed there are models to deploy, not deployments, so no list is read.
 */
export const azureOpenai: ProviderFacts = {
  kind: "azure-openai",
  displayName: "Azure OpenAI",
  genAiName: "azure.ai.openai",
  baseUrl: (settings) => surfaceOf(settings).baseUrl,
  settings: {
    resource: { about: "name of the resource, as in https://NAME.openai.azure.com" },
    endpoint: {
      about: "address of the resource, where it is another; ends in /models for all models of Azure AI Foundry",
      variables: ["AZURE_OPENAI_ENDPOINT"],
    },
    apiVersion: {
      about: "dated version of the API, such as 2024-10-21; absent: the v1 API",
      variables: ["OPENAI_API_VERSION"],
    },
    api: apiSetting,
    tenantId: { about: "directory of the application that calls, or AZURE_TENANT_ID" },
    clientId: { about: "application or managed identity, or AZURE_CLIENT_ID" },
    clientSecret: { about: "secret of the application", variables: ["AZURE_CLIENT_SECRET"] },
    scope: { about: "what tokens are for, in clouds other than the public one" },
  },
  keyVariable: "AZURE_OPENAI_API_KEY",
  switches: ["AZURE_OPENAI_ENDPOINT"],
  keyRequired: false,
  authorize: (key) => ({ "api-key": key }),
  authorizer: authorizerOf,
  credentials: "API key in `api-key`, or a token of Microsoft Entra (client secret, workload or managed identity)",
  dialects: dialectsOf,
  models: () => catalogOf("azure-openai"),
  healthPath: healthPathOf,
};

function dialectsOf(settings: Settings): Dialects {
  const surface = surfaceOf(settings);
  const protocol: Protocol<ChatBody> = {
    ...chatCompletions,
    render: renderAt(surface),
    read: (attempt) => readChat(attempt, filterFields),
    fault: faultOfAzure,
  };
  const vectors: EmbedDialect = {
    ...embeddings,
    render: (attempt) => placedAt(surface, attempt.target, renderEmbeddings(attempt)),
    fault: faultOfAzure,
  };
  const byResponses = { ...responses, render: renderResponsesAt(surface), fault: faultOfAzure };
  const generate = chosenApi(settings, protocol, byResponses, responsesNames);
  return { generate: surface.kind === "models" ? () => protocol : generate, embed: () => vectors };
}

function authorizerOf({ key, settings, surroundings }: Access): Authorizer | undefined {
  if (key !== undefined) return undefined;
  const { tenantId, clientId, clientSecret, scope } = settings;
  const secret = clientSecret === undefined ? undefined : new Secret(clientSecret);
  return entra({ tenantId, clientId, clientSecret: secret, scope }, surroundings);
}

function healthPathOf(settings: Settings): string {
  const { kind, apiVersion } = surfaceOf(settings);
  if (kind === "v1") return "/models";
  return `${kind === "dated" ? "/models" : "/info"}?api-version=${encodeURIComponent(apiVersion ?? "")}`;
}
