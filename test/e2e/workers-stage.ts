import { readFileSync } from "node:fs";
import type { DescService } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { type GatewayProcess, GatewayProcess as Process } from "../support/gateway-process.ts";
import { keyNamed } from "./cache-stage.ts";

/** The key of an operator, who may do everything. */
const ops = { ...keyNamed("ops"), scopes: ["admin"] };

/** Headers of a call with it. */
export const byOps = { authorization: "Bearer lh_ops" };

/** A gateway of two workers. */
export function crewOf({
  server,
  ...rest
}: {
  readonly server?: object;
  readonly [section: string]: unknown;
}): Promise<GatewayProcess> {
  return Process.start({ auth: { mode: "keys", keys: [ops] }, server: { workers: 2, ...server }, ...rest });
}

/** The processes that a process has started: of a gateway its workers, as long as they run. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

/** One connection, and so one worker. */
export class Connection implements Disposable {
  readonly #sessions: Http2SessionManager;
  readonly #client: Client<typeof CompletionService>;

  constructor(url: string) {
    this.#sessions = new Http2SessionManager(url);
    this.#client = this.client(CompletionService);
  }

  client<Service extends DescService>(service: Service): Client<Service> {
    const transport = createGrpcTransport({
      baseUrl: this.#sessions.authority,
      sessionManager: this.#sessions,
      interceptors: [
        (next) => (request) => {
          for (const [name, value] of Object.entries(byOps)) request.header.set(name, value);
          return next(request);
        },
      ],
    });
    return createClient(service, transport);
  }

  complete(
    request: { readonly model: string; readonly input: string },
    options?: CallOptions,
  ): Promise<CompleteResponse> {
    return this.#client.complete(request, options);
  }

  /** The worker that has it: its log line of a call says so. */
  async worker(gateway: GatewayProcess): Promise<number> {
    const id = `who-${Math.random().toString(36).slice(2)}`;
    await this.client(ModelService).listModels({}, { headers: { "x-request-id": id } });
    return workerIn(await gateway.program.said(new RegExp(`^.*"${id}".*\n`, "m")));
  }

  [Symbol.dispose](): void {
    this.#sessions.abort();
  }
}

/** The worker that wrote a line. */
export function workerIn(line: string): number {
  return Number(/"worker":(\d+)/.exec(line)?.[1]);
}

/** A connection to each of two workers, in the order of their numbers. */
export async function toBoth(gateway: GatewayProcess): Promise<readonly [Connection, Connection]> {
  const found = new Map<number, Connection>();
  for (let tries = 0; tries < 20; tries++) {
    const connection = new Connection(gateway.url);
    const worker = await connection.worker(gateway);
    if (found.has(worker)) connection[Symbol.dispose]();
    else found.set(worker, connection);
    const [one, two] = [found.get(1), found.get(2)];
    if (one !== undefined && two !== undefined) return [one, two];
  }
  throw new Error(`only the workers ${[...found.keys()]} were reached`);
}
