// npm run build, and whatever comes before a start: the bundle in dist/, unless it is there and fresh.
import { freshBundle } from "./bundle.ts";

try {
  await freshBundle();
} catch (error) {
  process.stderr.write(`llmhub: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
