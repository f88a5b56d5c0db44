// npm run test:image: the steps of the Dockerfile, carried out without a container engine, and the image that comes of them,
// started as an engine starts it. Linux, and root or another that may make namespaces; elsewhere it says so and ends.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Checks } from "../support/checks.ts";
import { root } from "../support/source.ts";
import { buildBase, runtimeBase } from "./base.ts";
import { checkCompose } from "./compose.ts";
import { stagesOf } from "./dockerfile.ts";
import { type Image, letThrough, make } from "./image.ts";
import { runsConfigured, runsWithoutConfiguration } from "./runs.ts";
import { canIsolate } from "./sandbox.ts";

const checks = new Checks();
const folder = mkdtempSync(join(tmpdir(), "llmhub-image-"));
try {
  lint();
  checkCompose(checks);
  if (canIsolate()) {
    const image = built();
    contains(image);
    await runsWithoutConfiguration(checks, image, runtimeBase(folder, "/usr/local/bin/node"));
    await runsConfigured(checks, image, runtimeBase(folder, "/nodejs/bin/node"), folder);
  } else checks.skip("the image is built and run: this user may make no namespaces");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
checks.end();

function lint(): void {
  const { status, stdout, error } = spawnSync("hadolint", ["Dockerfile"], { cwd: root, encoding: "utf8" });
  if (error !== undefined) checks.skip("hadolint: it is not installed");
  else checks.that("hadolint has nothing to say", status === 0, stdout);
}

/** Of what git knows and .dockerignore lets through, as it stands in the work tree. */
function built(): Image {
  const context = join(folder, "context");
  mkdirSync(context);
  const names = letThrough(join(root, ".dockerignore")).map(String);
  const script = 'git ls-files -z -- "$@" | tar --null -T - -c | tar -x -C "$0"';
  const { status } = spawnSync("sh", ["-c", script, context, ...names], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error("the context of the build cannot be copied");
  const made = new Map<string, Image>();
  const base = buildBase(folder);
  for (const stage of stagesOf(readFileSync(join(root, "Dockerfile"), "utf8"), { VERSION: "1.2.3" })) {
    const place = join(folder, stage.name);
    mkdirSync(place);
    made.set(stage.name, make(stage, place, { context, made, ...base }));
  }
  const image = made.get("runtime");
  if (image === undefined) throw new Error("the Dockerfile has no stage runtime");
  checks.that("the stages are built", true);
  return image;
}

function contains({ root: tree, labels, user, ports, stopSignal }: Image): void {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  const shown = paths.map((path) => path.slice(tree.length));
  const foreign = shown.filter(
    (path) => !/^\/app\/(?:package\.json|dist\/(?:[\w.-]+\/)*[\w.-]+\.(?:js|json)|dist\/stamp)$/.test(path),
  );
  checks.that("it holds package.json and the bundle, and nothing else", foreign.length === 0, foreign.join("\n"));
  const open = paths.filter((path) => (statSync(path).mode & 0o022) !== 0 || (statSync(path).mode & 0o004) === 0);
  checks.that("everybody may read it, and only root write", open.length === 0, open.join("\n"));
  checks.that("its user is a number, and not root", /^[1-9]\d*:[1-9]\d*$/.test(user), user);
  checks.that("it says which version it is", labels.get("org.opencontainers.image.version") === "1.2.3");
  checks.that("it names its ports and its signal", ports.length === 3 && stopSignal === "SIGTERM", ports.join(" "));
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  checks.note(`it adds ${(bytes / 1024 ** 2).toFixed(1)} MiB in ${paths.length} files to its base image`);
}
