#!/usr/bin/env node
// JavaScript: everything behind it comes out of the cache with its types taken off, so that Node need not load what takes
// them off, 30 ms and 15 MB.
import { enableCompileCache } from "node:module";

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
