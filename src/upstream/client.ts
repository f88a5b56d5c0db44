import { createRequire } from "node:module";
import type * as Undici from "undici";

const require = createRequire(import.meta.url);

// What undici's own entry does, without what is not used here: fetch, caches, WebSockets, proxies, 80 modules of 110.
Object.assign(require("undici/lib/dispatcher/dispatcher.js").prototype, require("undici/lib/api/index.js"));

/** A connection to one origin; for one request, or for the few that token servers get. */
export type Client = Undici.Client;
/** Opens one; see undici's Client. */
export const Client: typeof Undici.Client = require("undici/lib/dispatcher/client.js");

/** Connections to one origin. */
export type Pool = Undici.Pool;
/** Opens one; see undici's Pool. */
export const Pool: typeof Undici.Pool = require("undici/lib/dispatcher/pool.js");

/** Makes the function by which connections to one origin are made; those of TLS resume what earlier ones agreed on. */
export const buildConnector: typeof Undici.buildConnector = require("undici/lib/core/connect.js");
/** Makes of the headers of a response, names and values in turn, what the names lead to. */
export const parseHeaders: typeof Undici.util.parseHeaders = require("undici/lib/core/util.js").parseHeaders;
/** Says that no more is sent because the connections are being closed. */
export const ClosedError: typeof Undici.errors.ClientClosedError =
  require("undici/lib/core/errors.js").ClientClosedError;
