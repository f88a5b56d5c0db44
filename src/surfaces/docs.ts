import type { DescMessage } from "@bufbuild/protobuf";
import type * as v from "valibot";

/** A form of JSON: what checks a body of another's API, or a message in ProtoJSON. */
export type Shape = v.GenericSchema | DescMessage;

/** A request that works as it stands against a gateway without configuration. */
export interface RouteExample {
  readonly summary: string;
  /** The JSON body; absent for GET. */
  readonly body?: object;
  /** Value of the parameter in the path. */
  readonly parameter?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A header or the parameter of a path. */
export interface RouteParameter {
  readonly name: string;
  readonly in: "path" | "header";
  readonly description: string;
}

/** What the description of the API says of a route. */
export interface RouteDocs {
  /** Routes of one tag stand together. */
  readonly tag: string;
  /** Unique: what generated clients call it. */
  readonly operationId: string;
  /** A few words. */
  readonly summary: string;
  readonly description: string;
  /** It needs no key, as admission has it. */
  readonly isOpen?: boolean;
  readonly parameters?: readonly RouteParameter[];
  /** The message whose fields the query may give. */
  readonly query?: DescMessage;
  /** Forms that the body may have. */
  readonly request?: readonly Shape[];
  /** Forms that the answer may have; a text is a content type that is no JSON. */
  readonly answer: readonly Shape[] | string;
  /** Forms of the data of an event, where the answer can be a stream. */
  readonly events?: readonly Shape[];
  /** Answers with a status of their own besides 200. */
  readonly others?: Readonly<Record<number, { readonly description: string; readonly answer: Shape }>>;
  /** Forms of an error; absent: it has none. */
  readonly errors?: readonly Shape[];
  /** With the header idempotency-key it is carried out once. */
  readonly heedsIdempotencyKey?: boolean;
  /** The answer has the headers of `toldFacts`. */
  readonly tellsFacts?: boolean;
  /** By a name of letters and dashes. At least one. */
  readonly examples: Readonly<Record<string, RouteExample>>;
}

/** Routes by method and path. */
export type Documented = Readonly<Record<string, RouteDocs>>;
