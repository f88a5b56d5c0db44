import type * as Undici from "undici";
import api from "undici/lib/api/index.js";
import connector from "undici/lib/core/connect.js";
import errors from "undici/lib/core/errors.js";
import util from "undici/lib/core/util.js";
import UndiciClient from "undici/lib/dispatcher/client.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import UndiciPool from "undici/lib/dispatcher/pool.js";

// What undici's own entry does, without what is not used here: fetch, caches, WebSockets, proxies, 80 modules of 110.
Object.assign(Dispatcher.prototype, api);

/** A connection to one origin; for one request, or for the few that token servers get. */
export type Client = Undici.Client;
/** Opens one; see undici's Client. */
export const Client: typeof Undici.Client = UndiciClient;

/** Connections to one origin. */
export type Pool = Undici.Pool;
/** Opens one; see undici's Pool. */
export const Pool: typeof Undici.Pool = UndiciPool;

/** Makes the function by which connections to one origin are made; those of TLS resume what earlier ones agreed on. */
export const buildConnector: typeof Undici.buildConnector = connector;
/** Makes of the headers of a response, names and values in turn, what the names lead to. */
export const parseHeaders: typeof Undici.util.parseHeaders = util.parseHeaders;
/** Says that no more is sent because the connections are being closed. */
export const ClosedError: typeof Undici.errors.ClientClosedError = errors.ClientClosedError;
