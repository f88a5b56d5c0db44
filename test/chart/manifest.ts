import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments, stringify } from "yaml";
import { type Kubernetes, program, validation } from "./tools.ts";

const exec = promisify(execFile);

/** The repository. */
export const root = join(import.meta.dirname, "../..");
/** The chart. */
export const chart = join(root, "helm/llmhub");

/** The files of values that show what the chart can do; each is a mode or a way of running it. */
export const examples = readdirSync(join(chart, "ci")).map((file) => file.replace(/-values\.yaml$/, ""));

/** Values as in a file of them. */
export type Values = Readonly<Record<string, unknown>>;

/** What a parser finds in a text, to be looked into by path. */
type Tree = ReturnType<JSON["parse"]>;

/** One object of Kubernetes; what it holds is for the reader to know. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly [field: string]: Tree;
}

/** What helm is asked to render. */
interface Request {
  readonly version?: Kubernetes;
  /** Name of a file among the examples. */
  readonly example?: string;
  readonly values?: Values;
  /** Folder of another chart. */
  readonly of?: string;
}

/** Rendered text of a release "r" in the namespace "llm". Rejects with what helm says. */
export async function template({ version = "1.37", example, values, of = chart }: Request): Promise<string> {
  const args = ["template", "r", of, "--namespace", "llm", "--kube-version", version];
  if (example !== undefined) args.push("--values", join(chart, "ci", `${example}-values.yaml`));
  if (values === undefined) return helm(args);
  // Of YAML 1.1, as helm reads it: "off" is no text there.
  return inFile(stringify(values, { version: "1.1" }), (file) => helm([...args, "--values", file]));
}

/** The same as objects. */
export async function render(request: Request): Promise<readonly Manifest[]> {
  return objectsIn(await template(request));
}

/** Objects of a text of several documents. Throws where one is not sound, such as for a key that is there twice. */
export function objectsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { version: "1.1" }).flatMap((document) => {
    for (const error of document.errors) throw error;
    return document.toJS() ?? [];
  });
}

/** The only object of a kind, or of a kind and name. Throws where there is none or more than one. */
export function only(objects: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = objects.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind} ${name ?? ""}`);
  return first;
}

/** What helm says to values that it refuses; empty if it takes them. */
export async function refusal(values: Values, example?: string): Promise<string> {
  try {
    await template({ values, ...(example !== undefined && { example }) });
    return "";
  } catch (error) {
    return String(Object(error).stderr);
  }
}

/** Runs helm. Rejects with what it says. */
export async function helm(args: readonly string[], cwd = root): Promise<string> {
  const { stdout } = await exec(program("helm"), [...args], { cwd, maxBuffer: 2 ** 26 });
  return stdout;
}

/** What the schemas of a version of Kubernetes say against each of several texts; nothing is an empty list. */
export async function complaints(
  texts: readonly string[],
  version: Kubernetes,
): Promise<readonly (readonly string[])[]> {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-chart-"));
  try {
    const files = texts.map((text, index) => {
      const file = join(folder, `${index}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    // It loads the schemas anew each time, so all texts go at once. Where it finds something it ends with 1.
    const args = [folder, "--output", "json", ...(await validation(version))];
    const ended = await exec(program("kubectl-validate"), args, { maxBuffer: 2 ** 26 }).catch((error: unknown) =>
      Object(error),
    );
    const said: Record<string, { status: string; message?: string }[]> = JSON.parse(ended.stdout);
    return files.map(
      (file) =>
        said[file]?.flatMap(({ status, message }) => (status === "Success" ? [] : (message ?? status))) ?? [
          "not looked at",
        ],
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Calls with the path of a file that holds a text, and removes it. */
export async function inFile<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-chart-"));
  try {
    const path = join(folder, "file.yaml");
    writeFileSync(path, text);
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Pod specs of all objects that make pods. */
export function podsIn(objects: readonly Manifest[]): readonly (readonly [name: string, pod: Manifest["spec"]])[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    if (kind === "Pod") return [[`${kind} ${metadata.name}`, spec] as const];
    return spec?.template?.spec === undefined ? [] : [[`${kind} ${metadata.name}`, spec.template.spec] as const];
  });
}

/** A file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
