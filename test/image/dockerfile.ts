/** One line of a Dockerfile, continued lines joined, arguments filled in. */
export interface Step {
  readonly word: string;
  /** "--from=build" and the like. */
  readonly flags: readonly string[];
  readonly rest: string;
}

/** What stands between two lines FROM. */
export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly Step[];
}

/** Words that the image's steps may have; any other is a mistake here or there. */
const known = /^(?:ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|RUN|STOPSIGNAL|USER|WORKDIR)$/;

/** The stages of a Dockerfile, with the arguments that a build was given. Throws for what it does not understand. */
export function stagesOf(text: string, given: Readonly<Record<string, string>> = {}): Stage[] {
  const stages: { name: string; base: string; steps: Step[] }[] = [];
  const global = new Map<string, string>();
  let values = global;
  for (const line of linesOf(text)) {
    const [, word = "", after = ""] = /^([A-Z]+)\s+(.*)$/s.exec(line) ?? [];
    const stage = stages.at(-1);
    if (word === "FROM") {
      const bare = after.replace(/^--platform=\$BUILDPLATFORM\s+/, "");
      const [base = "", , name = String(stages.length)] = filled(bare, global).split(/\s+/);
      stages.push({ name, base, steps: [] });
      values = new Map();
    } else if (word === "ARG") {
      const [name = "", value = ""] = after.split("=");
      values.set(name, given[name] ?? filled(value, values));
    } else if (stage !== undefined && known.test(word)) {
      const flags = /^(?:--\S+\s+)*/.exec(after)?.[0] ?? "";
      const rest = after.slice(flags.length);
      // The shell, not Docker, fills in what a RUN names.
      stage.steps.push({
        word,
        flags: flags.split(/\s+/).filter(Boolean),
        rest: word === "RUN" ? rest : filled(rest, values),
      });
    } else throw new Error(`the Dockerfile has a line that this test does not understand: ${line}`);
  }
  return stages;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n").filter((line) => !/^\s*(?:#|$)/.test(line));
  return lines
    .join("\n")
    .replace(/\\\n\s*/g, "")
    .split("\n");
}

function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`nothing gives \${${name}} in the Dockerfile`);
    return value;
  });
}

/** The pairs of ENV and LABEL. */
export function pairsOf(rest: string): [name: string, value: string][] {
  return [...rest.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = "", quoted, plain]) => [
    name,
    quoted ?? plain ?? "",
  ]);
}
