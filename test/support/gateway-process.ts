import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { freshBundle } from "../../build/bundle.ts";
import { CompleteRequestSchema, type CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { metricIn } from "./exposition.ts";
import { Program } from "./program.ts";

/** What is special about a process. */
export interface ProcessOptions {
  /** JavaScript that runs before anything of the gateway. */
  readonly preload?: string;
  /** Words for the shell's ulimit: "-n 128". */
  readonly ulimit?: string;
  /** Its log goes to a file, not to a pipe. */
  readonly logsToFile?: boolean;
}

/** A gateway in a process of its own, for what only a process shows. */
export class GatewayProcess implements AsyncDisposable {
  readonly program: Program;
  /** Where it takes calls. */
  readonly url: string;
  readonly opsUrl: string;
  readonly #directory: string;
  readonly #sessions: Http2SessionManager;
  readonly #client: Client<typeof CompletionService>;

  private constructor(program: Program, directory: string, line: string) {
    const { address, opsAddress } = JSON.parse(line);
    this.program = program;
    this.url = `http://${address}`;
    this.opsUrl = `http://${opsAddress}`;
    this.#directory = directory;
    this.#sessions = new Http2SessionManager(this.url);
    const transport = createGrpcTransport({ baseUrl: this.url, sessionManager: this.#sessions });
    this.#client = createClient(CompletionService, transport);
  }

  /** @param sections of the configuration file; it listens where it likes, without authentication and bounds on load. */
  static async start(sections: object, options: ProcessOptions = {}): Promise<GatewayProcess> {
    const { preload, ulimit, logsToFile = false } = options;
    const directory = await mkdtemp(join(tmpdir(), "llmhub-process-"));
    const path = await written(directory, sections);
    const main = await freshBundle();
    const preloads = preload === undefined ? [] : ["--import", `data:text/javascript,${encodeURIComponent(preload)}`];
    const limits = ulimit === undefined ? [] : ["sh", "-c", `ulimit ${ulimit} && exec "$@"`, "sh"];
    const words = [...limits, process.execPath, ...preloads, main, "serve", "--config", path];
    const program = new Program(words, logsToFile ? join(directory, "log") : undefined);
    return new GatewayProcess(program, directory, await program.said(/^.*"address":.*\n/m));
  }

  /** Answers in one message; rejects with the ConnectError of a failure. */
  complete(request: MessageInitShape<typeof CompleteRequestSchema>, options?: CallOptions): Promise<CompleteResponse> {
    return this.#client.complete(create(CompleteRequestSchema, request), options);
  }

  /** Puts another configuration where the first one was. */
  async configure(sections: object): Promise<void> {
    await written(this.#directory, sections);
  }

  /** The same as of a TestGateway. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricIn(await (await fetch(`${this.opsUrl}/metrics`)).text(), name, labels);
  }

  /** As `kill -9` does. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.program.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions.abort();
    await this.program[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** JSON is YAML. */
async function written(directory: string, sections: object): Promise<string> {
  const path = join(directory, "llmhub.yaml");
  const addresses = { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0" };
  // Machines that test are busy, which is no overload unless a test says so.
  const usual = { auth: { mode: "off" }, log: { format: "json" }, overload: { enabled: false } };
  const file = { ...usual, server: addresses, ...sections };
  await writeFile(path, JSON.stringify({ ...file, server: { ...addresses, ...file.server } }));
  return path;
}
