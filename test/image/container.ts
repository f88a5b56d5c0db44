import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Program } from "../support/program.ts";
import type { Image } from "./image.ts";
import { type Mount, mountLines, placesFor, quoted } from "./sandbox.ts";

/** A command that ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What a container is started with. */
export interface ContainerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Words in place of the image's CMD. */
  readonly command?: readonly string[];
  /** The base image's files, and what an operator mounts. */
  readonly mounts: readonly Mount[];
}

/** An address of the container that is none of the machine itself. */
export const outerAddress = "10.77.0.2";

/**
 * The image's ENTRYPOINT as process 1 of namespaces of its own, as its USER, without privileges, in a tree where nothing can
 * be written. Only the kernel and the network's lower half are the machine's.
 */
export class Container implements AsyncDisposable {
  readonly program: Program;
  readonly #image: Image;
  readonly #tree: string;
  readonly #env: readonly string[];

  constructor(image: Image, { env = {}, command = image.command, mounts }: ContainerOptions) {
    this.#image = image;
    this.#env = [...image.env, ...Object.entries(env)].map(([name, value]) => `${name}=${value}`);
    this.#tree = mkdtempSync(join(tmpdir(), "llmhub-container-"));
    cpSync(image.root, this.#tree, { recursive: true });
    chmodSync(this.#tree, 0o755);
    placesFor(this.#tree, mounts);
    const inside = [`--userspec=${image.user}`, "--groups=", this.#tree, ...image.entrypoint, ...command];
    const root = quoted(this.#tree);
    const script = [
      `mount --bind ${root} ${root}`,
      `mount -o remount,bind,ro ${root}`,
      ...mountLines(this.#tree, mounts),
      `ip link set lo up && ip address add ${outerAddress}/32 dev lo`,
      // Found before the environment is the image's own.
      "setpriv=$(command -v setpriv) chroot=$(command -v chroot)",
      `exec env -i ${this.#env.map(quoted).join(" ")} "$setpriv" --no-new-privs "$chroot" ${inside.map(quoted).join(" ")}`,
    ];
    const isolation = ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"];
    this.program = new Program(["unshare", ...isolation, "bash", "-c", script.join("\n")]);
  }

  /** The number of its first process, as the machine counts. */
  get pid(): number {
    const { pid } = this.program;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
  }

  /** As `docker exec`: a command in it, as its user. */
  execute(words: readonly string[]): Promise<Ended> {
    const [uid = "", gid = ""] = this.#image.user.split(":");
    const user = ["--setuid", uid, "--setgid", gid];
    return ended("env", [
      "-i",
      ...this.#env,
      "/usr/bin/nsenter",
      "--target",
      String(this.pid),
      "--all",
      "--root",
      ...user,
      "--",
      ...words,
    ]);
  }

  /** A program of the machine on the container's network. */
  beside(words: readonly string[]): Promise<Ended> {
    return ended("nsenter", ["--target", String(this.pid), "--net", "--", ...words]);
  }

  /** As `docker stop` does first. */
  stop(): void {
    process.kill(this.pid, this.#image.stopSignal as NodeJS.Signals);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What started it is gone with it.
    if (!this.program.isGone) process.kill(this.pid, "SIGKILL");
    await this.program.exit();
    rmSync(this.#tree, { recursive: true });
  }
}

async function ended(file: string, words: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, words, { timeout: 60_000 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    return { code: Number(code), out: stdout, err: stderr };
  }
}
