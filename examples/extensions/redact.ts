// Takes personal data out of what callers send, before anything else sees it: the cache, the log of a provider, the provider.
import {
  type Asked,
  type Call,
  type CompleteRequest,
  type ContentPart,
  defineExtension,
  GatewayError,
  type Interceptor,
  type Warning,
  warning,
  withWarnings,
} from "llm-connector-hub/extension";

type Found = (kind: string) => void;
type Redact = (text: string, found: Found) => string;

const emails = /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}/g;
const cards = /\b\d(?:[ -]?\d){12,18}\b/g;
const ibans = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g;

export const extension = defineExtension({
  apiVersion: 1,
  name: "redact",
  init({ settings, metrics, logger }) {
    const patterns = patternsOf(settings);
    const redacted = metrics.counter("redactions_total", "Pieces of personal data taken out of requests.", ["kind"]);
    const redact: Redact = (text, found) => {
      let clean = text
        .replace(emails, mark("email", found))
        .replace(cards, (digits) => (isCard(digits) ? mark("card", found)() : digits))
        .replace(ibans, mark("iban", found));
      for (const [kind, pattern] of patterns) clean = clean.replace(pattern, mark(kind, found));
      return clean;
    };
    logger.info("redacting requests", { patterns: patterns.length });
    const call: Interceptor<Call<Asked>> = (next) => async (call) => {
      const warnings: Warning[] = [];
      const request = clean(call.request, (field, text) => {
        const kinds = new Set<string>();
        const kept = redact(text, (kind) => {
          kinds.add(kind);
          redacted.cell(kind).value += 1;
        });
        if (kinds.size > 0)
          warnings.push(warning("redacted", field, `personal data was taken out: ${[...kinds].join(", ")}`));
        return kept;
      });
      if (warnings.length === 0) return next(call);
      if (call.request.lossless) {
        throw new GatewayError(
          "CAPABILITY_UNSUPPORTED",
          "the request has personal data, which may not leave the house",
          {
            metadata: { capability: "personal_data", field: warnings[0]?.field ?? "" },
          },
        );
      }
      return withWarnings(await next({ ...call, request }), warnings);
    };
    return { call };
  },
});

function mark(kind: string, found: Found): () => string {
  return () => {
    found(kind);
    return `[${kind}]`;
  };
}

/** The operator's own patterns, by name: { "patterns": { "ticket": "ACME-\\d{6}" } }. */
function patternsOf(settings: unknown): [string, RegExp][] {
  const { patterns = {} } = settings as { patterns?: Readonly<Record<string, string>> };
  return Object.entries(patterns).map(([kind, source]) => {
    try {
      return [kind, new RegExp(source, "g")];
    } catch {
      throw new GatewayError("INVALID_REQUEST", `config.patterns.${kind} is no regular expression`);
    }
  });
}

/** The checksum of payment cards (Luhn), so that an order number stays. */
function isCard(text: string): boolean {
  const digits = [...text.replace(/\D/g, "")].reverse().map(Number);
  const sum = digits.reduce((sum, digit, i) => sum + (i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2), 0);
  return sum % 10 === 0;
}

type Clean = (field: string, text: string) => string;

/** A copy of the request without the personal data in its texts. Requests are never changed: others hold them. */
function clean<Request extends Asked>(request: Request, text: Clean): Request {
  switch (request.$typeName) {
    case "llmhub.v1.CompleteRequest":
      return { ...request, ...conversation(request, text) };
    case "llmhub.v1.EmbedRequest":
      return { ...request, inputs: request.inputs.map((input, i) => text(`inputs[${i}]`, input)) };
    case "llmhub.v1.RerankRequest": {
      const query = text("query", request.query);
      return { ...request, query, documents: request.documents.map((each, i) => text(`documents[${i}]`, each)) };
    }
  }
}

function conversation({ input, system, messages }: CompleteRequest, text: Clean): Partial<CompleteRequest> {
  return {
    input: text("input", input),
    system: text("system", system),
    messages: messages.map((message, i) => ({
      ...message,
      text: text(`messages[${i}].text`, message.text),
      content: message.content.map((part, j) => cleanPart(part, `messages[${i}].content[${j}]`, text)),
    })),
  };
}

function cleanPart(part: ContentPart, field: string, text: Clean): ContentPart {
  const { part: inner } = part;
  switch (inner.case) {
    case "text":
      return { ...part, part: { case: "text", value: text(`${field}.text`, inner.value) } };
    case "document": {
      const { body } = inner.value;
      if (body.case !== "text") return part;
      const value = { ...inner.value, body: { case: body.case, value: text(`${field}.document.text`, body.value) } };
      return { ...part, part: { case: "document", value } };
    }
    case "toolResult": {
      const content = inner.value.content.map((each, k) => {
        const { part: said } = each;
        if (said.case !== "text" && said.case !== "json") return each;
        const value = text(`${field}.tool_result.content[${k}].${said.case}`, said.value);
        return { ...each, part: { case: said.case, value } };
      });
      return { ...part, part: { case: "toolResult", value: { ...inner.value, content } } };
    }
    case "toolCall": {
      const argumentsJson = text(`${field}.tool_call.arguments_json`, inner.value.argumentsJson);
      return { ...part, part: { case: "toolCall", value: { ...inner.value, argumentsJson } } };
    }
    default:
      return part;
  }
}
