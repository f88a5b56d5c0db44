import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ChannelCredentials, credentials, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { GrpcJsClient, isServiceError } from "../e2e/grpc-js-client.ts";
import { Mesh } from "./mesh.ts";
import { type ProxyKind, proxies, testWith } from "./proxy.ts";
import { until } from "./replica.ts";

const envoy = proxies.find(({ name }) => name === "envoy") as ProxyKind;
const folder = join(import.meta.dirname, "../support/certificates");
const pem = (name: string) => readFileSync(join(folder, `${name}.pem`));
const shown = (name: string) => credentials.createSsl(pem("ca"), pem(`callers/${name}.key`), pem(`callers/${name}`));
const cart = "spiffe://cluster.local/ns/shop/sa/cart";
const forged = { "x-forwarded-client-cert": `By=spiffe://hub;Hash=00;URI=${cart}` };
const { complete } = CompletionService.method;
const request = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };

/** Whether a call is answered, or code and details of how it fails. */
async function outcome(
  client: GrpcJsClient,
  headers: Readonly<Record<string, string>> = {},
  model = request.model,
): Promise<string> {
  try {
    await client.unary(complete, { ...request, model }, headers);
    return "answered";
  } catch (error) {
    if (!isServiceError(error)) throw error;
    const details = String(error.metadata.get("grpc-status-details-bin")[0] ?? "");
    return `${status[error.code]} ${/[A-Z]+_[A-Z_]+/.exec(details)?.[0]} ${/spiffe:[\w./]+/.exec(details)?.[0] ?? ""}`;
  }
}

function requestIdOf(error: unknown): string {
  return isServiceError(error) ? String(error.metadata.get("x-request-id")[0]) : String(error);
}

testWith(envoy)(
  "the certificate that a caller shows to Envoy stands for its key",
  async () => {
    await using mesh = await Mesh.start(envoy, {
      providers: { simulator: {} },
      auth: {
        mode: "keys",
        keys: [
          { id: "cart", identities: [cart] },
          { id: "app", sha256: createHash("sha256").update("lh_app").digest("hex") },
        ],
      },
      server: { identityProxies: ["127.0.0.1"] },
    });
    const client = (address: string, own?: ChannelCredentials) => new GrpcJsClient(address, {}, own);
    using asCart = client(mesh.tlsAddress, shown("cart"));
    using asStranger = client(mesh.tlsAddress, shown("stranger"));
    using plain = client(mesh.address);
    const app = { authorization: "Bearer lh_app" };
    await until(async () => (await outcome(plain, app)) === "answered");
    await until(async () => (await outcome(asCart)) === "answered");
    expect(await outcome(asCart, { "x-forwarded-client-cert": "URI=spiffe://other" })).toBe("answered");
    expect(await outcome(asStranger, forged)).toBe(
      `UNAUTHENTICATED IDENTITY_UNKNOWN ${cart.replace("cart", "stranger")}`,
    );
    expect(await outcome(asStranger, app)).toBe("answered");
    // The id that a caller gives its call is the one in the gateway's log, whoever was between.
    const named = { ...app, "x-request-id": "callers-own" };
    for (const each of [asCart, plain]) {
      const refused = each.unary(complete, { ...request, model: "nowhere/gpt" }, named);
      await expect(refused.catch(requestIdOf)).resolves.toBe("callers-own");
    }
    // Where Envoy asks for no certificate it lets nobody say that there was one.
    expect(await outcome(plain, forged)).toBe("UNAUTHENTICATED CREDENTIALS_MISSING ");
  },
  60_000,
);

testWith(envoy)(
  "an outage of a provider ejects no replica, and Envoy repeats none of its calls",
  async () => {
    await using mesh = await Mesh.start(envoy, { providers: { simulator: {} }, models: { retry: { maxAttempts: 1 } } });
    using client = new GrpcJsClient(mesh.address);
    await until(async () => (await client.unary(ModelService.method.listModels, {})).models.length > 0);
    const stats = async (name: string) => {
      const lines = (await (await fetch(`${mesh.adminUrl}/stats?filter=${name}`)).text()).trim().split("\n");
      return Object.fromEntries(lines.map((line) => [line.split(": ")[0], Number(line.split(": ")[1])]));
    };
    const failing = ["529", "500", "reset"].map((fault) => `simulator/gpt:${fault}:first-token-0`);
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++)
      for (const each of await Promise.all(failing.map((model) => outcome(client, {}, model)))) seen.add(each);
    expect([...seen].every((each) => each.startsWith("UNAVAILABLE"))).toBe(true);
    expect(
      await stats(
        "^cluster.hub.(outlier_detection.ejections_(active|enforced_total)|membership_healthy|upstream_rq_retry)$",
      ),
    ).toEqual({
      "cluster.hub.membership_healthy": 2,
      "cluster.hub.outlier_detection.ejections_active": 0,
      "cluster.hub.outlier_detection.ejections_enforced_total": 0,
      "cluster.hub.upstream_rq_retry": 0,
    });
    // What grpc_stats counts, by status.
    const grpc = await stats(`grpc.${CompletionService.typeName}.Complete.(0|14)$`);
    expect(Object.values(grpc)).toContain(20 * failing.length);
    expect((await client.unary(ModelService.method.listModels, {})).models.length).toBeGreaterThan(0);
  },
  60_000,
);

test("the example gives streams more silence than there is between their heartbeats", () => {
  const text = readFileSync(join(import.meta.dirname, "../../examples/mesh/envoy.yaml"), "utf8");
  expect(text).toMatch(/^ *timeout: 0s$/m);
  for (const [, seconds] of text.matchAll(/stream_idle_timeout: (\d+)s/g)) expect(Number(seconds)).toBeGreaterThan(15);
});
