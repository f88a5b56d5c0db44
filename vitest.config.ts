import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/support/summary-reporter.ts";

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // With tools of their own, by `npm run test:chart` and `npm run test:mesh`.
    exclude: ["**/node_modules/**", "test/chart/**", "test/mesh/**"],
    setupFiles: ["test/support/randomness.ts"],
    // Processes, not threads: tests open sockets and start the gateway. Two, because machines that check have two cores.
    pool: "forks",
    maxWorkers: 2,
    // Files keep to themselves and to port 0, so the modules of a worker may stay loaded between them.
    isolate: false,
    testTimeout: 15_000,
    reporters: ["default", new SummaryReporter()],
  },
});
