import type { Reporter, TestModule } from "vitest/node";

type Run = Parameters<NonNullable<Reporter["onTestRunEnd"]>>;

/** Ends a test run with one line that programs can read: "12 passed, 0 failed", and ", 1 skipped" if any were. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: Run[1]): void {
    process.stdout.write(`\n${summary(modules, errors.length)}\n`);
  }
}

function summary(modules: ReadonlyArray<TestModule>, errors: number): string {
  let passed = 0;
  let failed = errors;
  let skipped = 0;
  for (const module of modules) {
    // A file that cannot be loaded has no tests to fail.
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") passed += 1;
      else if (state === "failed") failed += 1;
      else skipped += 1;
    }
  }
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
