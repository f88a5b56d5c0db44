import { expect, test } from "vitest";
import { welcome } from "../../src/cli/welcome.ts";
import { loadText } from "../config/files.ts";

const gateway = {
  address: "127.0.0.1:50051",
  httpAddress: undefined,
  opsAddress: "127.0.0.1:9464",
  summary: ["note        x"],
};

test("says what runs where and what to type", async () => {
  const config = await loadText("auth: { mode: off }\nproviders: { simulator: }");
  expect(welcome(config, gateway)).toBe(`LLM Connector Hub is ready.
  calls       127.0.0.1:50051 (gRPC)
  operations  http://127.0.0.1:9464/livez, /readyz, /metrics
  auth        off: open to this machine
  providers   simulator
  note        x

Try:
  npm run ask -- "Say hi"
  grpcurl -plaintext -d '{"request":{"input":"Say hi"}}' 127.0.0.1:50051 llmhub.v1.CompletionService/StreamComplete

`);
});

test("with keys and another address, the lines to type have them", async () => {
  const config = await loadText(
    `auth: { mode: keys, keys: [{ id: a, sha256: ${"ab".repeat(32)} }] }\nproviders: { simulator: }\nserver: { reflection: false }`,
  );
  const text = welcome(config, { ...gateway, address: "0.0.0.0:6000" });
  expect(text).toContain("  auth        API keys (1)\n");
  expect(text).toContain('\n  LLMHUB_API_KEY=… npm run ask -- --address http://127.0.0.1:6000 "Say hi"\n');
  expect(text).not.toContain("grpcurl");
});
