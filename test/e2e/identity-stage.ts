import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";

/** The folder of certificates. */
export const folder = join(import.meta.dirname, "../support/certificates");

/** Contents of one of the files there. */
export const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), "utf8");

/** What the certificates of callers say. */
export const cart = "spiffe://cluster.local/ns/shop/sa/cart";

/** Keys that certificates stand for; the secret of each is `lh_` and its id. */
export const auth = {
  mode: "keys",
  keys: [
    { id: "cart", sha256: sha256("lh_cart"), identities: [cart], models: ["simulator/gpt*"] },
    { id: "billing", identities: ["billing.shop.test"] },
    { id: "ops", sha256: sha256("lh_ops"), scopes: ["admin"] },
  ],
};

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Server certificates, and an authority for those of callers. */
export const tls = {
  cert: join(folder, "server.pem"),
  key: join(folder, "server.key.pem"),
  clientCa: join(folder, "callers/ca.pem"),
};

/** How a connection shows itself: by one of the certificates of callers, or by none. */
export function shown(name: string | undefined): object {
  const own = name === undefined ? {} : { cert: pem(`callers/${name}`), key: pem(`callers/${name}.key`) };
  return { ca: pem("ca"), ...own };
}

/** Every way to call, by name. */
export const ways: Readonly<Record<string, (baseUrl: string, nodeOptions: object) => Transport>> = {
  "gRPC over HTTP/2": (baseUrl, nodeOptions) => createGrpcTransport({ baseUrl, nodeOptions }),
  "Connect over HTTP/2": (baseUrl, nodeOptions) => createConnectTransport({ baseUrl, nodeOptions, httpVersion: "2" }),
  "Connect over HTTP/1.1": (baseUrl, nodeOptions) =>
    createConnectTransport({ baseUrl, nodeOptions, httpVersion: "1.1" }),
};

/** The model that answers, or reason and metadata of the failure. */
export async function answered(
  transport: Transport,
  headers: Readonly<Record<string, string>> = {},
  model = "simulator/gpt:pace-0:first-token-0",
): Promise<string> {
  try {
    const answer = await createClient(CompletionService, transport).complete({ model, input: "hi" }, { headers });
    return answer.routing?.provider ?? "";
  } catch (error) {
    return problemOf(error);
  }
}

/** The same of a call that goes the general way. */
export async function listed(transport: Transport, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  try {
    await createClient(ModelService, transport).listModels({}, { headers });
    return "listed";
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): string {
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  if (info === undefined) throw error;
  return [info.reason, ...Object.values(info.metadata)].join(" ");
}
