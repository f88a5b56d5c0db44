import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** Oldest version that Chart.yaml allows; its schemas come with the validator. */
const oldest = "1.27";
/** Newest version, and the module that has its schemas. */
const newest = { version: "1.37", module: "k8s.io/kubernetes@v1.37.2" };

/** Programs, as `go install` takes them. */
const programs = {
  helm: "helm.sh/helm/v3/cmd/helm@v3.22.0",
  "kubectl-validate": "sigs.k8s.io/kubectl-validate@v0.0.4",
} as const;

/** Modules with definitions of resources that Kubernetes itself has not, and the folders they are in. */
const definitions = {
  "github.com/prometheus-operator/prometheus-operator@v0.85.0": "example/prometheus-operator-crd",
  "sigs.k8s.io/gateway-api@v1.3.0": "config/crd/standard",
  "istio.io/api@v1.32.0": "kubernetes",
  "github.com/cilium/cilium@v1.17.0": "pkg/k8s/apis/cilium.io/client/crds/v2",
} as const;

/** Outside of the repository, which must hold nothing foreign; `npm ci` does not empty it. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "llmhub-tools");
const go = { cwd: homedir(), env: { ...process.env, GOFLAGS: "-mod=mod" }, maxBuffer: 2 ** 26 };

/** Versions of Kubernetes that manifests are made for and held against. */
export const kubernetes = [oldest, "1.30", newest.version] as const;

/** A version among them. */
export type Kubernetes = (typeof kubernetes)[number];

/** Where a program is, once `install` is done. */
export function program(name: keyof typeof programs): string {
  return join(cache, programs[name].replaceAll("/", "+"), name);
}

/** Gets all that is missing. The first time takes two to four minutes of compiling, later ones nothing. */
export async function install(): Promise<void> {
  for (const name of ["helm", "kubectl-validate"] as const) {
    if (existsSync(program(name))) continue;
    const target = join(program(name), "..");
    await exec("go", ["install", programs[name]], { ...go, env: { ...go.env, GOBIN: target } });
  }
  await Promise.all(Object.keys(definitions).map(moduleFolder));
  const schemas = schemaFolder();
  if (existsSync(schemas)) return;
  const from = join(await moduleFolder(newest.module), "api/openapi-spec/v3");
  // Moved into place when it is whole.
  const made = `${schemas}.${process.pid}`;
  for (const file of readdirSync(from)) copySchema(from, file, made);
  renameSync(made, schemas);
  rmSync(made, { recursive: true, force: true });
}

/** Arguments by which the validator takes a version. */
export async function validation(version: Kubernetes): Promise<readonly string[]> {
  const folders = Object.entries(definitions).map(async ([module, path]) => join(await moduleFolder(module), path));
  const own = version === newest.version ? ["--local-schemas", schemaFolder()] : ["--version", version];
  return ["--local-crds", (await Promise.all(folders)).join(","), ...own];
}

function schemaFolder(): string {
  return join(cache, newest.module.replaceAll("/", "+"));
}

/** From "apis__apps__v1_openapi.json" to "apis/apps/v1.json", where the validator looks for it. */
function copySchema(from: string, file: string, to: string): void {
  const [, group, version] = /^(api|apis__[^_]+)__([a-z0-9]+)_openapi\.json$/.exec(file) ?? [];
  if (group === undefined) return;
  const folder = join(to, group.replace("__", "/"));
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(from, file), join(folder, `${version}.json`));
}

/** Where Go keeps a module; downloads it if it is not there. */
async function moduleFolder(module: string): Promise<string> {
  const { stdout } = await exec("go", ["mod", "download", "-json", module], go);
  return JSON.parse(stdout).Dir;
}
