import type { DescMessage, FileRegistry } from "@bufbuild/protobuf";
import type { RouteDocs, RouteExample, Shape } from "../docs.ts";
import { documented } from "../documented.ts";
import { statuses } from "../http-status.ts";
import { bodySchema } from "./body-schema.ts";
import { commentOf } from "./comments.ts";
import type { JsonSchema, Schemas } from "./json-schema.ts";
import type {
  Content,
  ErrorRow,
  Examples,
  Header,
  OpenApi,
  Operation,
  Parameter,
  Reference,
  Response,
} from "./open-api.ts";
import { fieldSchema, protoSchema } from "./proto-schema.ts";
import {
  about,
  answerHeaders,
  callAnswerHeaders,
  callHeaders,
  commonHeaders,
  errorHeaders,
  factHeaders,
  limitHeaders,
  securitySchemes,
} from "./words.ts";

/** Where the description of the API comes from, apart from the code itself. */
export interface DocumentSource {
  readonly version: string;
  /** Descriptors with their comments. */
  readonly files: FileRegistry;
}

/**
 * The OpenAPI document of all routes of plain HTTP. It needs a development dependency: only the generator and tests may
 * import it.
 */
export function openApiDocument({ version, files }: DocumentSource): OpenApi {
  const writer = new DocumentWriter(files);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [key, docs] of Object.entries<RouteDocs>(documented)) {
    const [method = "", path = ""] = key.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: writer.operation(docs) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "LLM Connector Hub", version, description: about },
    servers: [{ url: "/" }],
    // The last: a gateway may ask for no key.
    security: [{ bearer: [] }, { apiKey: [] }, {}],
    tags: [...new Set(Object.values(documented).map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: writer.schemas,
      securitySchemes,
      parameters: { ...commonHeaders, ...callHeaders },
      headers: { ...answerHeaders, ...limitHeaders, ...errorHeaders, ...callAnswerHeaders, ...factHeaders },
    },
    "x-llmhub-errors": errorRows(files),
  };
}

/** Writes operations, and gathers the schemas that they point to. */
class DocumentWriter {
  readonly schemas: Schemas = {};
  readonly #files: FileRegistry;

  constructor(files: FileRegistry) {
    this.#files = files;
  }

  operation(docs: RouteDocs): Operation {
    const {
      tag,
      operationId,
      summary,
      description,
      isOpen = false,
      heedsIdempotencyKey = false,
      request,
      examples,
    } = docs;
    const common = { ...(isOpen ? {} : commonHeaders), ...(heedsIdempotencyKey ? callHeaders : {}) };
    return {
      tags: [tag],
      operationId,
      summary,
      description,
      ...(isOpen ? { security: [] } : {}),
      parameters: [...this.#parameters(docs), ...parameterRefs(common)],
      ...(request === undefined
        ? {}
        : {
            requestBody: {
              required: true,
              content: this.#json(
                request,
                examplesOf(examples, ({ body }) => body),
              ),
            },
          }),
      responses: this.#responses(docs),
    };
  }

  #parameters({ parameters = [], query, examples }: RouteDocs): readonly Parameter[] {
    const fields = query === undefined ? [] : sourced(query, this.#files).fields;
    const own = parameters.map(
      (parameter): Parameter => ({
        ...parameter,
        required: parameter.in === "path",
        schema: { type: "string" },
        ...examplesOf(examples, (example) =>
          parameter.in === "path" ? example.parameter : example.headers?.[parameter.name],
        ),
      }),
    );
    const asked = fields.map(
      (field): Parameter => ({
        name: field.jsonName,
        in: "query",
        description: commentOf(field),
        required: false,
        schema: fieldSchema(field, this.schemas),
        ...examplesOf(examples, ({ query: given }) => given?.[field.jsonName]),
      }),
    );
    return [...own, ...asked];
  }

  #responses(docs: RouteDocs): Record<string, Response> {
    const { answer, events, others = {}, errors, tellsFacts = false, heedsIdempotencyKey = false } = docs;
    const whole = typeof answer === "string" ? { [answer]: {} } : this.#json(answer);
    const content = events === undefined ? whole : { ...whole, "text/event-stream": { schema: this.#anyOf(events) } };
    const limits = errors === undefined ? {} : limitHeaders;
    const called = heedsIdempotencyKey ? callAnswerHeaders : {};
    const headers = headerRefs({ ...answerHeaders, ...limits, ...called, ...(tellsFacts ? factHeaders : {}) });
    const responses: Record<string, Response> = { 200: { description: "The answer.", headers, content } };
    for (const [status, { description, answer: other }] of Object.entries(others)) {
      responses[status] = { description, content: this.#json([other]) };
    }
    if (errors === undefined) return responses;
    const failed = {
      headers: headerRefs({ ...answerHeaders, ...limits, ...called, ...errorHeaders }),
      content: this.#json(errors),
    };
    responses["4XX"] = { description: "The call is wrong, or not allowed, or over a limit.", ...failed };
    responses["5XX"] = { description: "The gateway or the provider cannot do it now.", ...failed };
    return responses;
  }

  #json(shapes: readonly Shape[], more: { readonly examples?: Examples } = {}): Content {
    return { "application/json": { schema: this.#anyOf(shapes), ...more } };
  }

  #anyOf(shapes: readonly Shape[]): JsonSchema {
    const forms = shapes.map((shape) => this.#schema(shape));
    const [only] = forms;
    return forms.length === 1 && only !== undefined ? only : { anyOf: forms };
  }

  #schema(shape: Shape): JsonSchema {
    return "typeName" in shape
      ? protoSchema(sourced(shape, this.#files), this.schemas)
      : bodySchema(shape, this.#files, this.schemas);
  }
}

/** The same message, with its comments. */
function sourced({ typeName }: DescMessage, files: FileRegistry): DescMessage {
  const message = files.getMessage(typeName);
  if (message === undefined) throw new Error(`there is no message ${typeName}`);
  return message;
}

function examplesOf(
  examples: RouteDocs["examples"],
  partOf: (example: RouteExample) => unknown,
): { readonly examples?: Examples } {
  const given = Object.entries(examples)
    .map(([name, example]) => [name, { summary: example.summary, value: partOf(example) }] as const)
    .filter(([, { value }]) => value !== undefined);
  return given.length === 0 ? {} : { examples: Object.fromEntries(given) };
}

function parameterRefs(parameters: Readonly<Record<string, Parameter>>): readonly Reference[] {
  return Object.keys(parameters).map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

function headerRefs(headers: Readonly<Record<string, Header>>): Readonly<Record<string, Reference>> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function errorRows(files: FileRegistry): readonly ErrorRow[] {
  const meanings = new Map(files.getEnum("llmhub.v1.ErrorReason")?.values.map((value) => [value.localName, value]));
  return Object.entries(statuses).map(([reason, status]) => {
    const value = meanings.get(reason);
    return { reason, status, meaning: value === undefined ? "" : commentOf(value) };
  });
}
