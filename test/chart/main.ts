// npm run test:chart: the chart in helm/ with the real helm, its manifests against the schemas of Kubernetes.
// It needs go, which builds the tools the first time.
import { startVitest } from "vitest/node";
import { install } from "./tools.ts";

await install();
const vitest = await startVitest("test", process.argv.slice(2), {
  include: ["test/chart/**/*.test.ts"],
  exclude: [],
  watch: false,
  testTimeout: 60_000,
  hookTimeout: 120_000,
});
await vitest.close();
