import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Checks } from "../support/checks.ts";
import { root } from "../support/source.ts";

/** The library that `docker compose` reads its files with, as a program. */
const reader = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2";
/** Its user is the image's. */
const ownImage = "llmhub";

/** A service as that library understands it, with all defaults filled in. */
interface Service {
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly privileged?: boolean;
  readonly security_opt?: readonly string[];
  readonly deploy?: { readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> } };
  readonly ports?: readonly { readonly host_ip?: string }[];
  readonly secrets?: readonly { readonly source: string }[];
  readonly configs?: readonly { readonly source: string }[];
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly read_only?: boolean }[];
}

interface Project {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets?: Readonly<Record<string, { readonly file?: string }>>;
  readonly configs?: Readonly<Record<string, { readonly file?: string }>>;
}

/** What compose.yaml says, and what it leaves to chance. */
export function checkCompose(checks: Checks): void {
  const env = { ...process.env, COMPOSE_PROFILES: "*" };
  const read = spawnSync("go", ["run", reader, "--format", "json", "compose.yaml"], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  if (read.error === undefined) {
    checks.that("compose.yaml is one of compose", read.status === 0, read.stderr);
    if (read.status === 0) checkServices(checks, JSON.parse(read.stdout));
  } else checks.skip("compose.yaml: there is no go to check it with");
  const config = ["src/main.js", "check-config", "--config", "deploy/compose/llmhub.yaml"];
  const valid = spawnSync(process.execPath, config, { cwd: root, env: { LLMHUB_HOST: "0.0.0.0" }, encoding: "utf8" });
  checks.that("its gateway takes its configuration", valid.status === 0, valid.stderr);
}

function checkServices(checks: Checks, { services, secrets = {}, configs = {} }: Project): void {
  const names = Object.keys(services).sort().join(" ");
  checks.that("it has its services", names === "grafana jaeger llmhub postgres prometheus redis", names);
  const problems = Object.entries(services).flatMap(([name, service]) =>
    problemsOf(name, service).map((problem) => `${name}: ${problem}`),
  );
  // `docker compose` refuses them where the root cannot be written, when it makes the container.
  const copied = Object.entries({ ...secrets, ...configs }).flatMap(([name, { file }]) =>
    file === undefined ? name : [],
  );
  const torn = Object.entries(services).flatMap(([name, service]) =>
    [...(service.secrets ?? []), ...(service.configs ?? [])].flatMap(({ source }) =>
      service.read_only === true && copied.includes(source) ? `${name}: ${source}` : [],
    ),
  );
  checks.that("no secret but a file goes where nothing can be written", torn.length === 0, torn.join("\n"));
  checks.that("no service may do or be given more than it needs", problems.length === 0, problems.join("\n"));
}

function problemsOf(name: string, service: Service): string[] {
  const { limits = {} } = service.deploy?.resources ?? {};
  const mounts = (service.volumes ?? []).filter(({ type }) => type === "bind");
  return [
    ...(service.read_only === true ? [] : ["its root can be written"]),
    ...(service.cap_drop?.join() === "ALL" && service.cap_add === undefined ? [] : ["it keeps capabilities"]),
    ...(service.security_opt?.includes("no-new-privileges:true") ? [] : ["it may gain privileges"]),
    ...(service.privileged === true ? ["it is privileged"] : []),
    ...(name === ownImage || /^[1-9]\d*:\d+$/.test(service.user ?? "") ? [] : ["its user may be root"]),
    ...["cpus", "memory", "pids"].filter((limit) => limits[limit] === undefined).map((limit) => `no limit on ${limit}`),
    ...(service.ports ?? []).filter(({ host_ip }) => host_ip !== "127.0.0.1").map(() => "a port is open to others"),
    ...mounts.filter(({ source }) => !existsSync(source)).map(({ source }) => `${source} is not there`),
    ...mounts.filter(({ read_only }) => read_only !== true).map(({ source }) => `${source} can be written`),
  ];
}
