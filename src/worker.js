// The entry of a worker process, which `llmhub serve` starts. As in main.js everything behind it comes out of the cache.
import { enableCompileCache } from "node:module";

enableCompileCache();
const { work } = await import("./cli/work.ts");
work(process.env);
