// A kind of provider: a company's own gateway, which speaks chat completions with quirks of its own.
import {
  bearer,
  chatCompletions,
  defineExtension,
  type ExtensionKind,
  embeddings,
  type Failure,
  GatewayError,
  namesIn,
  type Protocol,
  type Settings,
  unknownFacts,
} from "llm-connector-hub/extension";

const acmeGateway: ExtensionKind = {
  kind: "acme-gateway",
  displayName: "Acme's own gateway",
  baseUrl: undefined,
  keyRequired: true,
  keyVariable: "ACME_API_KEY",
  authorize: bearer,
  settings: {
    costCentre: { about: "who pays, such as cc-1000", required: true, variables: ["ACME_COST_CENTRE"] },
  },
  dialects: (settings) => {
    const dialect = acmeDialect(settings);
    return { generate: () => dialect, embed: () => embeddings };
  },
  models: () =>
    new Map([["acme-large", { ...unknownFacts, type: "completion", contextWindow: 32_768, maxOutputTokens: 4096 }]]),
  defaultModel: "acme-large",
  patterns: [{ prefix: "acme-", strips: false }],
  healthPath: "/v2/models",
  modelNames: namesIn("data", "id"),
};

export const extension = defineExtension({ apiVersion: 1, name: "acme-gateway", kinds: [acmeGateway] });

/** Requests stand in an envelope that says who pays; refusals have a form of their own. Answers are as usual. */
function acmeDialect({ costCentre }: Settings): Protocol {
  return {
    ...chatCompletions,
    name: "acme",
    render: (attempt) => {
      const { body, ...rendered } = chatCompletions.render(attempt);
      return { ...rendered, path: "/v2/chat", body: { costCentre, request: body } };
    },
    fault,
  };
}

function fault(failure: Failure): GatewayError {
  const code = faultCode(failure.body);
  if (code === "BUDGET_SPENT") {
    return new GatewayError("PROVIDER_QUOTA_EXHAUSTED", "the cost centre has spent its budget", {
      metadata: { provider: failure.provider },
      upstream: { status: failure.status, code, requestId: "" },
    });
  }
  return chatCompletions.fault(failure);
}

/** { "fault": { "id": "BUDGET_SPENT" } } */
function faultCode(body: string): string {
  try {
    return String(JSON.parse(body)?.fault?.id ?? "");
  } catch {
    return "";
  }
}
