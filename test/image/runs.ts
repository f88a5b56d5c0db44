import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Checks } from "../support/checks.ts";
import { root } from "../support/source.ts";
import { Container, outerAddress } from "./container.ts";
import type { Image } from "./image.ts";
import type { Mount } from "./sandbox.ts";

const serving = /^.*"msg":"serving calls".*\n/m;
const key = "lh_of-the-test-of-the-image";

/** Asks over gRPC, as the program that comes with the sources. */
function ask(address: string, ...words: readonly string[]): string[] {
  return [process.execPath, join(root, "src/main.js"), "ask", "--address", `http://${address}`, ...words];
}

/** Prints the status of a call over HTTP. */
function post(address: string): string[] {
  const program = `const answer = await fetch("http://${address}/v1/completions", { method: "POST",
    headers: { "content-type": "application/json" }, body: '{"input":"Say hi"}' }); console.log(answer.status);`;
  return [process.execPath, "--input-type=module", "-e", program];
}

/** With nothing mounted and no variable set. */
export async function runsWithoutConfiguration(checks: Checks, image: Image, base: readonly Mount[]): Promise<void> {
  await using container = new Container(image, { mounts: base });
  await container.program.said(serving);
  const status = await container.beside(["cat", `/proc/${container.pid}/status`]);
  checks.that(
    "it runs as 65532 without privileges",
    /^Uid:\t65532\t65532.*\nGid:\t65532(?:.*\n)+CapEff:\t0+\n(?:.*\n)*NoNewPrivs:\t1/m.test(status.out),
    status.out,
  );
  const health = await container.execute(image.health);
  checks.that(
    "its health check is well",
    health.code === 0 && health.out.includes('"ready":true'),
    health.out + health.err,
  );
  const said = await container.beside(ask(`${outerAddress}:50051`, "Say hi"));
  checks.that("it answers over gRPC on all its addresses", said.code === 0 && said.out.trim() !== "", said.err);
  const posted = await container.beside(post(`${outerAddress}:4000`));
  checks.that("it answers over HTTP", posted.out === "200\n", posted.out + posted.err);
  const write = 'try { fs.writeFileSync(process.argv[1], "") } catch ({ code }) { console.log(code) }';
  for (const path of ["/app/x", "/tmp", "/home/llmhub"]) {
    const { out } = await container.execute(["node", "-e", write, path]);
    checks.that(`nothing can be written to ${path}`, /^E(?:ROFS|NOENT|ACCES)$/m.test(out), out);
  }
  await drains(checks, container);
}

/** A stream is under way when it is told to stop: the stream ends as it should, and then the container. */
async function drains(checks: Checks, container: Container): Promise<void> {
  const stream = container.beside(
    ask(`${outerAddress}:50051`, "--json", "-m", "simulator/claude:first-token-0:pace-40", "Write 40 words"),
  );
  // The log line of a call comes at its end; that it has begun the gauge of open streams says.
  const gauge = `for (;;) { const text = await (await fetch("http://${outerAddress}:9464/metrics")).text();
    if (/^llmhub_open_streams\\{.*\\} 1$/m.test(text)) break; }`;
  await container.beside([process.execPath, "--input-type=module", "-e", gauge]);
  container.stop();
  const { code, out, err } = await stream;
  checks.that("told to stop, it lets a stream end", code === 0 && out.includes('"finished"'), err);
  const exit = await container.program.exit();
  checks.that("and ends with exit code 0", exit === 0, `${exit}\n${container.program.output}`);
}

/** With a file where operators mount it, and Node.js where the distroless image has it. */
export async function runsConfigured(
  checks: Checks,
  image: Image,
  base: readonly Mount[],
  folder: string,
): Promise<void> {
  const etc = join(folder, "etc");
  mkdirSync(etc);
  const sha256 = createHash("sha256").update(key).digest("hex");
  const file = {
    server: { opsListen: "0.0.0.0:9999" },
    auth: { mode: "keys", keys: [{ id: "test", sha256 }] },
    providers: { simulator: {} },
    models: { default: "simulator/gpt" },
  };
  writeFileSync(join(etc, "llmhub.yaml"), JSON.stringify(file));
  {
    await using container = new Container(image, { mounts: [...base, { from: etc, to: "/etc/llmhub" }] });
    await container.program.said(serving);
    const refused = await container.beside(ask(`${outerAddress}:50051`, "Say hi"));
    checks.that(
      "with a file mounted its keys hold",
      refused.code === 5 && /CREDENTIALS_MISSING/.test(refused.err),
      refused.err,
    );
    const said = await container.beside(ask(`${outerAddress}:50051`, "--key", key, "Say hi"));
    checks.that("and whoever has one is answered", said.code === 0, said.err);
    const health = await container.execute(image.health);
    checks.that("its health check finds the port that the file names", health.code === 0, health.err);
    container.stop();
    checks.that("it ends with exit code 0", (await container.program.exit()) === 0, container.program.output);
  }
  await using careful = new Container(image, { mounts: base, env: { OPENAI_API_KEY: "sk-x" } });
  const exit = await careful.program.exit();
  checks.that(
    "a provider's key is open to nobody without LLMHUB_API_KEY",
    exit === 3 && /LLMHUB_API_KEY/.test(careful.program.output),
    `${exit} ${careful.program.output}`,
  );
  await using keyed = new Container(image, { mounts: base, env: { OPENAI_API_KEY: "sk-x", LLMHUB_API_KEY: key } });
  await keyed.program.said(serving);
  const said = await keyed.beside(ask(`${outerAddress}:50051`, "--key", key, "-m", "simulator/gpt", "Say hi"));
  checks.that("and with it open to who has that", said.code === 0, said.err);
}
