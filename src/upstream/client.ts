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
