import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** A command and its arguments. */
export type Words = readonly [command: string, ...args: string[]];

/** A client in one language: a folder beside this file that a user could copy. */
export interface Language {
  /** The folder. */
  readonly name: string;
  /** Commands that the machine must have. */
  readonly needs: readonly string[];
  /** The oldest version that will do, and what tells it. */
  readonly atLeast?: { readonly version: string; readonly asked: Words };
  /** Run in the folder, one after the other, before the program: generating code, compiling. */
  readonly build: readonly Words[];
  readonly run: Words;
  /** Variables beside those of this process, for build and run. */
  readonly env?: Readonly<Record<string, string>>;
  /** Scenarios that its library cannot do, and why. */
  readonly lacks?: Readonly<Record<string, string>>;
}

/** What the languages' tools keep between runs stays outside of the repository, whose folders `npm ci` empties. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "llmhub-clients");
/** Programs of this tree. */
const programs = join(import.meta.dirname, "../../node_modules/.cache/llmhub-clients");

const venv = join(cache, "python");

/** Every client, in the order in which they run. */
export const languages: readonly Language[] = [
  {
    name: "typescript",
    needs: [],
    build: [
      ["buf", "generate", "-o", join(programs, "typescript")],
      ["diff", "-r", join(programs, "typescript/gen/llmhub"), "../../../gen/llmhub"],
    ],
    run: [process.execPath, "main.ts"],
    lacks: { "read-retry": "Connect has no service config" },
  },
  {
    name: "sdk",
    needs: ["npm"],
    build: [["sh", "install.sh", join(cache, "sdk")]],
    run: [process.execPath, join(cache, "sdk/main.ts")],
    lacks: {
      health: "it has no other services; its transport would call them",
      reflection: "it has no other services; its transport would call them",
    },
  },
  {
    name: "go",
    needs: ["go"],
    // From there on it fetches the one that go.mod names.
    atLeast: { version: "1.21", asked: ["go", "env", "GOVERSION"] },
    build: [
      ["buf", "generate"],
      ["go", "build", "-o", join(programs, "go"), "."],
    ],
    run: [join(programs, "go")],
  },
  {
    name: "rust",
    needs: ["cargo"],
    atLeast: { version: "1.88", asked: ["cargo", "--version"] },
    build: [
      ["buf", "build", "../../..", "--as-file-descriptor-set", "-o", "llmhub.binpb"],
      ["cargo", "build", "--locked", "--quiet"],
    ],
    run: [join(cache, "rust/debug/llmhub-client")],
    env: { CARGO_TARGET_DIR: join(cache, "rust") },
    lacks: { "read-retry": "tonic has no service config" },
  },
  {
    name: "python",
    needs: ["python3"],
    atLeast: { version: "3.10", asked: ["python3", "--version"] },
    build: [
      ["python3", "-m", "venv", venv],
      [join(venv, "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "-r", "requirements-dev.txt"],
      ["sh", "generate.sh"],
      ["mypy", "."],
    ],
    run: ["python", "main.py"],
    env: {
      PATH: `${join(venv, "bin")}${delimiter}${process.env["PATH"]}`,
      PYTHONPATH: "gen",
      PYTHONDONTWRITEBYTECODE: "1",
      MYPY_CACHE_DIR: join(cache, "mypy"),
    },
  },
  {
    name: "java",
    needs: ["java", "mvn"],
    atLeast: { version: "17", asked: ["java", "--version"] },
    build: [["mvn", "-q", "-B", `-Dtarget.directory=${join(programs, "java")}`, "prepare-package"]],
    run: [
      "java",
      "-cp",
      [join(programs, "java/classes"), join(programs, "java/lib/*")].join(delimiter),
      "dev.llmhub.client.Main",
    ],
  },
];
