import type { Example, OpenApi, Operation, Parameter, Reference } from "./open-api.ts";

/** A request that the document gives as an example. */
export interface ExampleRequest {
  /** Empty: the one that needs neither parameters nor a body. */
  readonly name: string;
  readonly summary: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Every example of an operation: what stands under one name in its body and its parameters is one request. */
export function examplesFor(path: string, method: string, operation: Operation): readonly ExampleRequest[] {
  const body = operation.requestBody?.content["application/json"]?.examples;
  const parameters = operation.parameters.filter(isOwn);
  const names = new Set([body, ...parameters.map(({ examples }) => examples)].flatMap((all) => Object.keys(all ?? {})));
  if (body === undefined && !parameters.some(({ required }) => required)) names.add("");
  return [...names].map((name) => {
    const given = parameters.flatMap((parameter) => {
      const example = parameter.examples?.[name];
      return example === undefined ? [] : [{ ...parameter, example }];
    });
    const values = (place: Parameter["in"]) =>
      given
        .filter((parameter) => parameter.in === place)
        .map(({ name: key, example }): [string, string] => [key, String(example.value)]);
    const query = new URLSearchParams(values("query")).toString();
    const examples: readonly (Example | undefined)[] = [body?.[name], ...given.map(({ example }) => example)];
    return {
      name,
      summary: examples.find((example) => example?.summary !== undefined)?.summary ?? "Just ask",
      method: method.toUpperCase(),
      path: filled(path, values("path")) + (query === "" ? "" : `?${query}`),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...Object.fromEntries(values("header")),
      },
      body: body?.[name]?.value,
    };
  });
}

/** Every operation of the document, with its path and method. */
export function operationsOf({ paths }: Pick<OpenApi, "paths">): readonly (readonly [string, string, Operation])[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [path, method, operation] as const),
  );
}

function filled(path: string, values: readonly (readonly [string, string])[]): string {
  return values.reduce((done, [name, value]) => done.replace(`{${name}}`, value), path);
}

function isOwn(parameter: Parameter | Reference): parameter is Parameter {
  return "name" in parameter;
}
