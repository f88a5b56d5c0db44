// Clients in several languages, generated, built and run against one gateway; README.md beside this file.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Language, languages } from "./languages.ts";
import { scenarios } from "./scenarios.ts";
import { Stand, settled } from "./stand.ts";
import { missing, run } from "./toolchain.ts";

const usage = `npm run test:clients -- [${languages.map(({ name }) => name).join("] [")}]\n`;

/** Builds at the same time: on small machines two of them fill the cores. */
const buildsMax = 2;
const counts = { passed: 0, failed: 0, skipped: 0 };

const names = process.argv.slice(2);
const chosen = languages.filter(({ name }) => names.length === 0 || names.includes(name));
if (names.some((name) => !languages.some((language) => language.name === name))) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  await test(chosen.filter(isPossible));
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  say(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  if (counts.failed > 0) process.exitCode = 1;
}

/** Where nobody looks at what was skipped, a language that cannot be tested is a failure. */
function isPossible(language: Language): boolean {
  const lacking = missing(language).join(", ");
  if (lacking === "") return true;
  if (process.env["CI"] === "true") result(language, "toolchain", `this machine has no ${lacking}`);
  else {
    counts.skipped++;
    say(`skipped ${language.name}: this machine has no ${lacking}`);
  }
  return false;
}

async function test(possible: readonly Language[]): Promise<void> {
  // Generating needs the .proto files of others.
  const laid = spawnSync(process.execPath, [join(import.meta.dirname, "../../proto/third-party.ts")]);
  if (laid.status !== 0) throw new Error(String(laid.stderr));
  const built = await buildAll(possible);
  if (built.length === 0) return;
  await using stand = await Stand.start(built.map(({ name }) => name));
  for (const language of built) await runClient(language, stand);
}

async function buildAll(possible: readonly Language[]): Promise<readonly Language[]> {
  const waiting = [...possible];
  const built = new Set<Language>();
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) if (await build(next)) built.add(next);
  };
  await Promise.all(Array.from({ length: buildsMax }, worker));
  return possible.filter((language) => built.has(language));
}

async function build(language: Language): Promise<boolean> {
  const startMs = performance.now();
  for (const words of language.build) {
    const output: string[] = [];
    const failure = await run(language, words, {}, (line) => output.push(line));
    if (failure === undefined) continue;
    for (const line of output) say(`# ${language.name}: ${line}`);
    result(language, "build", `${words.join(" ")}: ${failure}`);
    return false;
  }
  say(`# ${language.name}: built in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  return true;
}

async function runClient(language: Language, stand: Stand): Promise<void> {
  const said = new Map<string, string | undefined>();
  const failure = await stand.serve(language.name, (env) =>
    run(language, language.run, env, (line) => {
      const [, not, name = "", why = ""] = /^(not )?ok ([a-z-]+)(?:: (.*))?$/.exec(line) ?? [];
      if (name === "") say(`# ${language.name}: ${line}`);
      else said.set(name, not === undefined ? undefined : why || "it does not say why");
    }),
  );
  const saidSo = [...said.values()].some((why) => why !== undefined);
  for (const { name, seen } of scenarios) {
    if (language.lacks?.[name] !== undefined) say(`# ${language.name}: no ${name}: ${language.lacks[name]}`);
    else if (!said.has(name)) result(language, name, `the program did not say ok (${failure ?? "it ended well"})`);
    else {
      const calls = () => stand.calls(language.name).filter(({ requestId }) => requestId === name);
      result(language, name, said.get(name) ?? (await settled(async () => seen?.(calls()))));
      said.delete(name);
    }
  }
  for (const [name, why] of said) result(language, name, why);
  if (!saidSo) result(language, "ends well", failure);
  result(language, "nothing goes on afterwards", await settled(async () => (await stand.unrest()) || undefined));
}

function result({ name }: Language, what: string, problem: string | undefined): void {
  if (problem === undefined) counts.passed++;
  else counts.failed++;
  say(problem === undefined ? `ok ${name} ${what}` : `not ok ${name} ${what}: ${problem}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
