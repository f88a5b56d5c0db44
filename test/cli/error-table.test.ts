import { expect, test } from "vitest";
import { errorTable } from "../../src/cli/error-table.ts";

test("a row says status, side, repeat and what to do", () => {
  const rows = errorTable((reason) => `About ${reason}.`).split("\n");
  expect(rows).toContain(
    "| `GATEWAY_DRAINING` | `UNAVAILABLE` | 503 | About GATEWAY_DRAINING | nobody | at once | repeat at once, on a new connection |",
  );
  expect(rows).toContain(
    "| `IDEMPOTENCY_KEY_IN_USE` | `ABORTED` | 409 | About IDEMPOTENCY_KEY_IN_USE | nobody | after 1 s | wait as long as the error says, then repeat with the same key |",
  );
});
