// Modules of undici that its types leave out.
declare module "undici/lib/api/index.js" {
  const api: object;
  export = api;
}
declare module "undici/lib/core/connect.js" {
  import { buildConnector } from "undici";
  export = buildConnector;
}
declare module "undici/lib/core/errors.js" {
  import { errors } from "undici";
  export = errors;
}
declare module "undici/lib/core/request.js" {
  /** What undici makes of the options of a request. */
  class Request {
    constructor(origin: string, options: Request.Options, handler: object);
    readonly headers: string[];
    readonly host: string | null;
    readonly servername: string | null;
    readonly reset: boolean | null;
  }
  namespace Request {
    interface Options {
      readonly method: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  }
  export = Request;
}
declare module "undici/lib/core/symbols.js" {
  const symbols: {
    readonly kQueue: unique symbol;
    readonly kResuming: unique symbol;
    readonly kResume: unique symbol;
  };
  export = symbols;
}
declare module "undici/lib/core/util.js" {
  import { util } from "undici";
  export = util;
}
declare module "undici/lib/dispatcher/client.js" {
  import { Client } from "undici";
  export = Client;
}
declare module "undici/lib/dispatcher/dispatcher.js" {
  import { Dispatcher } from "undici";
  export = Dispatcher;
}
declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";
  export = Pool;
}
