import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readBody } from "./body.ts";
import { string } from "./json.ts";
import { deliver, type Pace, pause } from "./pace.ts";
import { planFor } from "./plan.ts";

const firstTokenMs = 60;
const tokenMs = 12;
// Above the idle time of common clients, which would else meet a connection that closes as they use it.
const keepAliveMs = 75_000;

/** How the simulator is set up; everything has a default. */
export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Wait between tokens, default 12. */
  readonly tokenMs?: number;
  /** Wait for the first token, default 60. */
  readonly firstTokenMs?: number;
  /** The secret that every key, signature and token must prove. Default: any will do, or none. */
  readonly secret?: string;
  /** Milliseconds since 1970, told as the time of an answer; default Date.now. */
  readonly now?: () => number;
}

/** A running simulator. */
export interface Simulator {
  /** "http://127.0.0.1:4010" */
  readonly url: string;
  /** Cuts every connection and frees the port; may be called again. */
  close(): Promise<void>;
}

/** Starts a server that answers like a provider, without one. Rejects when the port cannot be had. */
export function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const pace = { firstTokenMs: options.firstTokenMs ?? firstTokenMs, tokenMs: options.tokenMs ?? tokenMs };
  const now = options.now ?? Date.now;
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (message, response) => {
    handle(message, response, pace, now, options.secret).catch(() => response.destroy());
  });
  const closed = new Promise<void>((resolve) => server.once("close", () => resolve()));
  const close = () => {
    server.close();
    server.closeAllConnections();
    return closed;
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Exclusive: workers that listen on any free port would get one together, or that of somebody else.
    server.listen({ port: options.port ?? 0, host: options.host ?? "127.0.0.1", exclusive: true }, () => {
      server.off("error", reject);
      resolve({ url: urlOf(server.address() as AddressInfo), close });
    });
  });
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

async function handle(
  message: IncomingMessage,
  response: ServerResponse,
  pace: Pace,
  now: () => number,
  secret: string | undefined,
): Promise<void> {
  const left = new AbortController();
  response.once("close", () => left.abort());
  const request = {
    method: message.method ?? "",
    ...targetOf(message.url ?? ""),
    header: (name: string) => string(message.headers[name]),
    raw: await readBody(message),
  };
  const { delivery, scenario } = planFor(request, now(), secret);
  await pause(scenario.latencyMs ?? 0, left.signal);
  await deliver(response, delivery, { ...pace, ...scenario }, left.signal);
}

/** Path and query of a request target; a path that cannot be decoded stays as it is. */
function targetOf(url: string): { path: string; rawPath: string; query: string } {
  const [, rawPath = "", query = ""] = /^([^?]*)(.*)$/s.exec(url) ?? [];
  try {
    return { path: decodeURIComponent(rawPath), rawPath, query };
  } catch {
    return { path: rawPath, rawPath, query };
  }
}
