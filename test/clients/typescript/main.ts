// Calls the gateway as a TypeScript program would, and says of each thing that it tries whether it went well.
import { readFileSync } from "node:fs";
import { Hub } from "./hub.ts";
import { errorDetails, noBlindRetry, retry } from "./refusals.ts";
import {
  bigMessage,
  cancel,
  deadline,
  encrypted,
  idempotency,
  metadata,
  resume,
  stream,
  streamDeadline,
  unary,
} from "./scenarios.ts";
import { health, reflection } from "./server.ts";

const { LLMHUB_ADDRESS = "", LLMHUB_BREAKING_ADDRESS = "", LLMHUB_API_KEY = "" } = process.env;
const { LLMHUB_LIMITED_API_KEY = "", LLMHUB_TLS_ADDRESS = "", LLMHUB_CA = "" } = process.env;

await attempt("unary", unary);
await attempt("stream", stream);
await attempt("tls", encrypted, { baseUrl: `https://${LLMHUB_TLS_ADDRESS}`, ca: readFileSync(LLMHUB_CA) });
await attempt("deadline", deadline);
await attempt("stream-deadline", streamDeadline);
await attempt("cancel", cancel);
await attempt("error-details", errorDetails);
await attempt("resume", resume, { baseUrl: `http://${LLMHUB_BREAKING_ADDRESS}` });
await attempt("idempotency", idempotency);
await attempt("metadata", metadata);
await attempt("big-message", bigMessage);
await attempt("retry", retry, { key: LLMHUB_LIMITED_API_KEY });
await attempt("no-blind-retry", noBlindRetry);
await attempt("health", health);
await attempt("reflection", reflection);

async function attempt(
  name: string,
  run: (hub: Hub) => Promise<void>,
  options: { readonly baseUrl?: string; readonly key?: string; readonly ca?: Buffer } = {},
): Promise<void> {
  const { baseUrl = `http://${LLMHUB_ADDRESS}`, key = LLMHUB_API_KEY, ca } = options;
  using hub = new Hub(baseUrl, key, name, ca === undefined ? {} : { ca });
  try {
    await run(hub);
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    process.stdout.write(`not ok ${name}: ${String(error).replaceAll(/\s+/g, " ")}\n`);
    process.exitCode = 1;
  }
}
