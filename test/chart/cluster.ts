import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Kinds that helm has to find before it takes a manifest for an object. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  v1: ["ConfigMap", "Pod", "Secret", "Service", "ServiceAccount"],
  "apps/v1": ["Deployment", "StatefulSet"],
  "autoscaling/v2": ["HorizontalPodAutoscaler"],
  "monitoring.coreos.com/v1": ["PodMonitor", "PrometheusRule", "ServiceMonitor"],
  "networking.k8s.io/v1": ["Ingress", "NetworkPolicy"],
  "policy/v1": ["PodDisruptionBudget"],
};

/** An API server of an empty cluster, as far as `helm install --dry-run` asks it: what there is, and whether something exists. */
export class Cluster implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(version: string): Promise<Cluster> {
    const server = createServer(({ url = "" }, response) => {
      const found = answer(url.split("?", 1)[0] ?? "", version);
      response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(
        JSON.stringify(found ?? { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Cluster(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function answer(path: string, version: string): object | undefined {
  const [major = "", minor = ""] = version.split(".");
  if (path === "/version") return { major, minor, gitVersion: `v${version}.0` };
  // Where helm keeps its releases: there are none.
  if (path.endsWith("/secrets")) return { kind: "SecretList", apiVersion: "v1", metadata: {}, items: [] };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis")
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: Object.keys(kinds)
        .filter((key) => key !== "v1")
        .map(group),
    };
  const groupVersion = path.replace(/^\/apis?\//, "");
  const known = kinds[groupVersion];
  return known && { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: known.map(resource) };
}

function group(groupVersion: string): object {
  const [name, version] = groupVersion.split("/");
  const preferredVersion = { groupVersion, version };
  return { name, versions: [preferredVersion], preferredVersion };
}

function resource(kind: string): object {
  return { name: `${kind.toLowerCase()}s`, singularName: "", namespaced: true, kind, verbs: ["create", "get", "list"] };
}
