import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pairsOf, type Stage, type Step } from "./dockerfile.ts";
import { type Mount, mountLines, placesFor, quoted } from "./sandbox.ts";

/** What a Dockerfile makes: a tree of files, and how to start it. */
export interface Image {
  readonly root: string;
  readonly env: Map<string, string>;
  readonly labels: Map<string, string>;
  workdir: string;
  user: string;
  entrypoint: readonly string[];
  command: readonly string[];
  health: readonly string[];
  stopSignal: string;
  ports: readonly string[];
}

/** What a build has to do with. */
export interface Workshop {
  /** Files that .dockerignore lets through. */
  readonly context: string;
  /** Images of the stages before, by name. */
  readonly made: ReadonlyMap<string, Image>;
  /** What stands for the base image where commands are run: programs and libraries, and where they are looked for. */
  readonly base: readonly Mount[];
  readonly path: string;
}

/** Carries out the steps of a stage in an empty folder. */
export function make(stage: Stage, root: string, workshop: Workshop): Image {
  const image: Image = {
    ...{ root, env: new Map(), labels: new Map(), workdir: "/", user: "0:0", entrypoint: [], command: [] },
    ...{ health: [], stopSignal: "SIGTERM", ports: [] },
  };
  for (const step of stage.steps) carryOut(step, image, workshop);
  return image;
}

function carryOut({ word, flags, rest }: Step, image: Image, workshop: Workshop): void {
  if (word === "ENV") for (const [name, value] of pairsOf(rest)) image.env.set(name, value);
  else if (word === "LABEL") for (const [name, value] of pairsOf(rest)) image.labels.set(name, value);
  else if (word === "USER") image.user = rest;
  else if (word === "STOPSIGNAL") image.stopSignal = rest;
  else if (word === "EXPOSE") image.ports = rest.split(" ");
  else if (word === "ENTRYPOINT") image.entrypoint = JSON.parse(rest);
  else if (word === "CMD") image.command = JSON.parse(rest);
  else if (word === "HEALTHCHECK") image.health = JSON.parse(rest.replace(/^.*?CMD /, ""));
  else if (word === "COPY") copy(flags, rest.split(" "), image, workshop);
  else if (word === "RUN") run(flags, rest, image, workshop);
  else if (word === "WORKDIR") {
    image.workdir = resolve(image.workdir, rest);
    mkdirSync(join(image.root, image.workdir), { recursive: true });
  }
}

function copy(flags: readonly string[], words: readonly string[], image: Image, { context, made }: Workshop): void {
  const stage = flags.find((flag) => flag.startsWith("--from="))?.slice("--from=".length);
  const from = stage === undefined ? context : made.get(stage)?.root;
  if (from === undefined) throw new Error(`there is no stage ${stage} to copy from`);
  const target = words.at(-1) ?? "";
  const place = join(image.root, resolve(image.workdir, target));
  for (const source of words.slice(0, -1)) {
    const path = join(from, source);
    if (!existsSync(path)) throw new Error(`${source} is not there to be copied; does .dockerignore let it through?`);
    cpSync(path, /\/$/.test(target) || target === "." ? join(place, basename(source)) : place, { recursive: true });
  }
}

/** As root, in the stage's own tree, with the programs of its base. Of the surroundings it knows how to reach registries. */
function run(flags: readonly string[], command: string, { root, env, workdir }: Image, { base, path }: Workshop): void {
  const caches = flags.flatMap((flag): Mount[] => {
    const [, target] = /^--mount=type=cache,target=(\S+)$/.exec(flag) ?? [];
    if (target === undefined) throw new Error(`this test does not understand ${flag}`);
    return [{ from: npmCache(), to: target, isWritable: true }];
  });
  const mounts = [...base, ...caches];
  placesFor(root, mounts);
  const outside = Object.entries(process.env).filter(([name]) =>
    /^(?:npm_config_registry|npm_config_cafile|NODE_EXTRA_CA_CERTS|\w+_proxy)$/i.test(name),
  );
  const all = {
    PATH: path,
    HOME: "/root",
    npm_config_cache: "/root/.npm",
    ...Object.fromEntries(outside),
    ...Object.fromEntries(env),
  };
  const words = Object.entries(all).map(([name, value]) => quoted(`${name}=${value}`));
  const inside = `cd ${quoted(workdir)} && ${command}`;
  const script = [
    ...mountLines(root, mounts),
    `chroot=$(command -v chroot); exec env -i ${words.join(" ")} "$chroot" ${quoted(root)} sh -ec ${quoted(inside)}`,
  ];
  const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "bash", "-c", script.join("\n")], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`RUN ${command} failed with ${status}:\n${stdout}${stderr}`);
}

function npmCache(): string {
  const path = spawnSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).stdout.trim();
  mkdirSync(path, { recursive: true });
  return path;
}

/** Patterns of .dockerignore; of its language only "*" and "!name" are understood. */
export function letThrough(path: string): string[] {
  const [first, ...names] = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => !/^(?:#|$)/.test(line));
  if (first !== "*" || names.some((name) => !/^![\w.-]+$/.test(name)))
    throw new Error(`${path} is not a list of what is let through`);
  return names.map((name) => name.slice(1));
}
