import type { HttpRequest, Route } from "../../surfaces/route.ts";

/** A route and what its path says in one request. */
export interface Match {
  readonly route: Route;
  readonly parameter: HttpRequest["parameter"];
}

/** What is known of a path: who answers which method. Empty: nobody answers there. */
export type Matches = ReadonlyMap<string, Match>;

/** Routes by path, made once. */
export class RouteTable {
  readonly #exact = new Map<string, Map<string, Match>>();
  readonly #open: { readonly prefix: string; readonly route: Route }[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const parameter = route.path.indexOf("{");
      if (parameter >= 0) {
        this.#open.push({ prefix: route.path.slice(0, parameter), route });
        continue;
      }
      const methods = this.#exact.get(route.path) ?? new Map<string, Match>();
      this.#exact.set(route.path, methods.set(route.method, { route, parameter: "" }));
    }
  }

  /** @param path without the query. */
  find(path: string): Matches {
    return this.#exact.get(path) ?? this.#withParameter(path);
  }

  #withParameter(path: string): Matches {
    const found = new Map<string, Match>();
    for (const { prefix, route } of this.#open) {
      if (path.length <= prefix.length || !path.startsWith(prefix)) continue;
      const parameter = decoded(path.slice(prefix.length));
      if (parameter !== undefined) found.set(route.method, { route, parameter });
    }
    return found;
  }
}

/** Undefined: it is not percent-encoded as it should be. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
