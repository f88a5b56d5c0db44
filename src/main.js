#!/usr/bin/env node
// JavaScript: everything behind it comes out of the cache with its types taken off, so that Node need not load what takes
// them off, 30 ms and 15 MB. And an old Node, which can take none off, gets as far as the line that says so.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
// Oldest whose HTTP/2 takes the headers of an answer as a list, as all answers of gRPC give them.
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`llmhub: it needs Node.js 24.7 or newer, and this is ${process.versions.node}\n`);
  process.exit(1);
}

// No import above: a name that an old Node's module lacks would end it before.
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { runProgram } = await import("./cli/program.ts");

const { env, stdin, stdout, stderr } = process;
const args = process.argv.slice(2);
// When the reader has gone (`llmhub ask … | head`) an answer is wanted no longer; a gateway goes on without its log.
stdout.on("error", () => {
  if (args[0] !== "serve") process.exit(1);
});
stderr.on("error", () => undefined);
const code = await runProgram(args, { env, stdin, stdout, stderr, signals: process });
// Written text first: it may still be on its way to a pipe.
stdout.write("", () => stderr.write("", () => process.exit(code)));
