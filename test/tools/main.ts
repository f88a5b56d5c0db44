// npm run test:tools: what the documentation says of grpcurl, and the recipe for ghz, run with the programs that go.mod
// pins. Where there is no Go they are skipped, and say so; with CI=true that is a failure.
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { freshBundle } from "../../build/bundle.ts";
import { documentation } from "../docs/page.ts";
import { isInstalled } from "../support/installed.ts";
import { Program } from "../support/program.ts";
import { examples, stream } from "./examples.ts";
import { buildGoTools, goTool, goToolFolder } from "./go-tools.ts";

/** What a shell shows of a command: its exit code and all that it writes. */
interface Shown {
  readonly status: number | null;
  readonly text: string;
}

const root = join(import.meta.dirname, "../..");
const documented = "127.0.0.1:50051";
const counts = { passed: 0, failed: 0 };

if (isInstalled("go")) {
  const problem = buildGoTools();
  if (problem === undefined) await test();
  else result("grpcurl and ghz are built", problem);
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
} else if (process.env["CI"] === "true") {
  process.stdout.write("there is no go to build grpcurl and ghz with\n0 passed, 1 failed\n");
  counts.failed++;
} else
  process.stdout.write("skipped grpcurl and ghz: there is no go to build them with\n0 passed, 0 failed, 1 skipped\n");
if (counts.failed > 0) process.exitCode = 1;

async function test(): Promise<void> {
  const ports = ["LLMHUB_LISTEN", "LLMHUB_HTTP_LISTEN", "LLMHUB_OPS_LISTEN"].map((name) => `${name}=127.0.0.1:0`);
  const without = ["LLMHUB_CONFIG", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"].flatMap((name) => ["-u", name]);
  const settings = [...without, ...ports, "LLMHUB_LOG_FORMAT=json", "LLMHUB_LOG_LEVEL=info"];
  await using gateway = new Program(["env", ...settings, process.execPath, await freshBundle(), "serve"]);
  const { address } = JSON.parse(await gateway.said(/^.*"address":.*\n/m));
  const shell = (line: string): Shown => grpcurl(line, address);
  for (const { name, line, shows } of examples) {
    const { text } = shell(line);
    result(`grpcurl: ${name}`, shows.test(text) ? undefined : text);
  }
  const token = /"resumeToken": "([^"]+)"/.exec(shell(stream).text)?.[1] ?? "";
  for (const line of linesWithToken()) {
    const { text } = shell(line.replace("<resume_token>", token).replace('"afterSequence":17', '"afterSequence":1'));
    result(line, text.includes('"finished"') ? undefined : text);
  }
  pagesShowWhatWorks();
  const bench = spawnSync(process.execPath, [join(root, "test/bench/ghz.ts"), "--quick"], { encoding: "utf8" });
  process.stdout.write(`${bench.stdout.trim().replaceAll(/^/gm, "# ")}\n`);
  result("ghz: every call is answered", bench.status === 0 ? undefined : bench.stderr);
}

/** Lines of the documentation that take up a stream: they work with a token of a stream that was there. */
function linesWithToken(): readonly string[] {
  const blocks = documentation().flatMap((page) => page.blocks);
  return blocks.flatMap(({ text }) => text.split("\n")).filter((line) => line.includes("<resume_token>"));
}

/** The tests of the documentation leave out what needs grpcurl where it is not in the path. */
function pagesShowWhatWorks(): void {
  const env = {
    ...process.env,
    PATH: [goToolFolder, join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
    LLMHUB_TEST_TOOLS: "required",
  };
  const { status, stdout } = spawnSync("vitest", ["run", "test/docs/commands.test.ts"], {
    cwd: root,
    env,
    encoding: "utf8",
  });
  result("the documentation's lines with grpcurl", status === 0 ? undefined : stdout);
}

function grpcurl(line: string, address: string): Shown {
  const command = line.replace(/^grpcurl/, `${goTool("grpcurl")} -max-time 30`).replaceAll(documented, address);
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  return { status, text: stdout + stderr };
}

function result(name: string, problem: string | undefined): void {
  if (problem === undefined) counts.passed++;
  else counts.failed++;
  process.stdout.write(problem === undefined ? `ok ${name}\n` : `not ok ${name}\n${problem.replaceAll(/^/gm, "# ")}\n`);
}
