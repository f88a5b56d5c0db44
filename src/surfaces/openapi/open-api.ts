import type { JsonSchema, Schemas } from "./json-schema.ts";

/** A value to try. */
export interface Example {
  readonly summary?: string;
  readonly value: unknown;
}

/** Examples by the name of the request that they belong to: it is the same in the body and in parameters. */
export type Examples = Readonly<Record<string, Example>>;

/** What stands in the path, the query or a header. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly examples?: Examples;
}

/** Points to something that the document has once. */
export interface Reference {
  readonly $ref: string;
}

/** A header of an answer. */
export interface Header {
  readonly description: string;
  readonly schema: JsonSchema;
}

/** Bodies by content type. For server-sent events the schema is that of the data of an event. */
export type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly examples?: Examples }>>;

/** An answer. */
export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Reference>>;
  readonly content?: Content;
}

/** What can be asked at a path. */
export interface Operation {
  readonly tags: readonly string[];
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  /** Empty: it needs no key. Absent: as the document says. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

/** A reason of an error, and what it means. */
export interface ErrorRow {
  readonly reason: string;
  readonly status: number;
  readonly meaning: string;
}

/** The document, as far as it is used. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly { readonly name: string }[];
  /** By path and method in small letters. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Schemas;
    readonly securitySchemes: Readonly<Record<string, object>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly headers: Readonly<Record<string, Header>>;
  };
  readonly "x-llmhub-errors": readonly ErrorRow[];
}
