import { trustedUrl } from "../../credentials/trusted-url.ts";
import type { Settings } from "../provider.ts";

/** One of the APIs of a resource. */
export interface Surface {
  /** v1: the model is the deployment. dated: the path names it. models: all models of an Azure AI Foundry resource at one path. */
  readonly kind: "v1" | "dated" | "models";
  /** Undefined where the settings name no address that a key may be sent to. */
  readonly baseUrl: string | undefined;
  /** In the query of every request; undefined where there is none. */
  readonly apiVersion: string | undefined;
}

/** The API "models" always wants one (learn.microsoft.com, "Azure AI Model Inference REST API"). */
const modelsVersion = "2024-05-01-preview";

/**
 * The API that the settings lead to. A dated version asks for that of deployments; without one it is v1, the current one
 * (learn.microsoft.com, "Azure OpenAI API version lifecycle"). The endpoint may end in the path of an API, as portals show it.
 */
export function surfaceOf({ resource, endpoint, apiVersion }: Settings): Surface {
  const address = endpoint ?? (resource === undefined ? "" : `https://${resource}.openai.azure.com`);
  const root = trustedUrl(address)?.href.replace(/\/+$/, "");
  if (root?.endsWith("/models")) return { kind: "models", baseUrl: root, apiVersion: apiVersion ?? modelsVersion };
  const host = root?.replace(/\/openai(\/v1)?$/, "");
  if (apiVersion === undefined) return { kind: "v1", baseUrl: host && `${host}/openai/v1`, apiVersion };
  return { kind: "dated", baseUrl: host && `${host}/openai`, apiVersion };
}
