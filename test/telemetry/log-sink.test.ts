import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

/** Runs a program that writes to its standard output through a sink and reports on its standard error. */
function program(body: string, bytesMax = "Infinity") {
  const sink = new URL("../../src/telemetry/log-sink.ts", import.meta.url).href;
  const code = `const { LogSink } = await import(${JSON.stringify(sink)});
    let dropped = 0; const sink = new LogSink(1, (lines) => dropped += lines, ${bytesMax}); ${body}`;
  return spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "pipe"] });
}

test("every line arrives, in order, also when the process just ends", async () => {
  const child = program('for (let i = 0; i < 20_000; i++) sink.write("line " + i + "\\n");');
  const lines = (await text(child.stdout)).trim().split("\n");
  expect(lines).toHaveLength(20_000);
  expect(lines.every((line, i) => line === `line ${i}`)).toBe(true);
});

test("a flush writes what is waiting before the process exits at once", async () => {
  const child = program('sink.write("last words\\n"); sink.flush(); process.exit(0);');
  expect(await text(child.stdout)).toBe("last words\n");
});

test("a line may be longer than a batch", async () => {
  const child = program('for (const size of [10, 200_000, 10, 70_000]) sink.write("x".repeat(size) + "\\n");');
  const lines = (await text(child.stdout)).trim().split("\n");
  expect(lines.map(({ length }) => length)).toEqual([10, 200_000, 10, 70_000]);
});

test("a pipe that does not block and is full for a while costs nothing and mixes nothing up", async () => {
  // To look at process.stdout makes the pipe one that does not block. Nothing is read from it before all is written.
  const child = program(`process.stdout.isTTY; setInterval(() => undefined, 1000);
    for (let i = 0; i < 2_000; i++) sink.write(String(i).padEnd(999) + "\\n"); console.error("written");`);
  await once(child.stderr, "data");
  let read = "";
  for await (const chunk of child.stdout) {
    read += chunk;
    if (read.length === 2_000_000) child.kill();
  }
  const numbers = read.trimEnd().split("\n").map(Number);
  expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
});

test.each([
  ["in the background", ""],
  ["at the end", "sink.flush(); process.exit(0);"],
])("lines that share a pipe arrive whole and in order, written %s", async (_, end) => {
  const child = program(
    `for (let i = 0; i < 200; i++) sink.write(String(i).padEnd(i % 70 === 0 ? 9000 : i) + "\\n"); ${end}`,
    "4096",
  );
  const lines = (await text(child.stdout)).trimEnd().split("\n");
  expect(lines.map(Number)).toEqual(Array.from({ length: 200 }, (_, i) => i));
});

test("a reader who stopped costs lines and nothing else, and gets the kept ones when it reads again", async () => {
  const line = "x".repeat(999);
  const child = program(`for (let i = 0; i < 10_000; i++) sink.write(${JSON.stringify(line)} + "\\n");
    console.error(dropped);`);
  // Nothing is read from standard output until the program says that it has gone on.
  const [report] = await once(child.stderr, "data");
  const dropped = Number(String(report));
  expect(dropped).toBeGreaterThan(5000);
  expect((await text(child.stdout)).length).toBe((10_000 - dropped) * 1000);
});

test("a closed pipe neither ends the process nor holds up its end", async () => {
  const child =
    program(`process.once("SIGTERM", () => { sink.write("b\\n"); sink.flush(); console.error("alive"); process.exit(7); });
    console.error("ready"); setInterval(() => sink.write("a".repeat(5000)), 1);`);
  await once(child.stderr, "data");
  child.stdout.destroy();
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect(code).toBe(7);
});

test("all lines that a closed pipe costs are told of, those that wait behind the first included", async () => {
  const child =
    program(`process.once("SIGTERM", () => { for (let i = 0; i < 3000; i++) sink.write("a".repeat(999) + "\\n"); });
    console.error("ready"); setInterval(() => dropped === 3000 && process.exit(7), 1);`);
  await once(child.stderr, "data");
  child.stdout.destroy();
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect(code).toBe(7);
});
