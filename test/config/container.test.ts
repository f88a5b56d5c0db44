import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { configPath } from "../../src/config/config-path.ts";
import { loadConfig } from "../../src/config/load.ts";
import { kinds, loadText, problemsOf, temporaryDirectory } from "./files.ts";

const off = "auth: { mode: off }\n";

test("without a file LLMHUB_API_KEY is what callers have to show, and LLMHUB_HOST where they may be", async () => {
  const env = { OPENAI_API_KEY: "sk-1", LLMHUB_API_KEY: "lh_0123456789abcdef", LLMHUB_HOST: "::" };
  const { server, auth } = await loadConfig({ env, kinds });
  const sha256 = createHash("sha256").update(env.LLMHUB_API_KEY).digest("hex");
  expect(auth).toMatchObject({ mode: "keys", keys: [{ id: "default", sha256, tenant: "" }] });
  expect(server).toMatchObject({
    listen: { host: "::", port: 50051 },
    httpListen: { host: "::", port: 4000 },
    opsListen: { host: "::", port: 9464 },
  });
  for (const key of ["secret 1", "0123456789abcdef,", "0123456789abcdef "])
    await expect(loadConfig({ env: { LLMHUB_API_KEY: key }, kinds })).rejects.toThrow(
      /^LLMHUB_API_KEY: must be 16 to 512 visible ASCII characters, without a comma; `llmhub keys new` makes a good/,
    );
});

test("the simulator alone may be open to all, another provider without a key of callers may not", async () => {
  const env = { LLMHUB_HOST: "0.0.0.0" };
  const { server, auth } = await loadConfig({ env, kinds });
  expect([server.listen, auth.mode]).toEqual([{ host: "0.0.0.0", port: 50051 }, "off"]);
  await expect(loadConfig({ env: { ...env, OPENAI_API_KEY: "sk-1" }, kinds })).rejects.toThrow(
    /^LLMHUB_HOST server\.listen: must be a loopback address .*LLMHUB_API_KEY\nLLMHUB_HOST server\.httpListen: /,
  );
});

test("LLMHUB_HOST gives way to what a file says, and LLMHUB_API_KEY is nothing to it", async () => {
  const { server, auth } = await loadText(`${off}providers: { simulator: }\nserver: { listen: "127.0.0.1:0" }`, {
    LLMHUB_HOST: "0.0.0.0",
    LLMHUB_API_KEY: "lh_0123456789abcdef",
  });
  expect(server).toMatchObject({
    listen: { host: "127.0.0.1", port: 0 },
    httpListen: undefined,
    opsListen: { host: "0.0.0.0", port: 9464 },
  });
  expect(auth.mode).toBe("off");
});

test("a file at the usual place is taken when nobody names one", async () => {
  await using directory = await temporaryDirectory();
  const usual = await directory.write("llmhub.yaml", "");
  expect(configPath({ env: {} }, usual)).toBe(usual);
  expect(configPath({ env: {} }, `${usual}.absent`)).toBeUndefined();
  expect(configPath({ env: { LLMHUB_CONFIG: "a.yaml" } }, usual)).toBe("a.yaml");
  expect(configPath({ path: "b.yaml", env: { LLMHUB_CONFIG: "a.yaml" } }, usual)).toBe("b.yaml");
});

test.each([
  ["where operators need no key", "auth: { mode: off, adminWithoutKey: true }\nproviders: { simulator: }"],
  ["with a simulator of somebody else's", `${off}providers: { simulator: { baseUrl: "https://simulator.test" } }`],
])("nobody but this machine may call without a key %s", async (_, text) => {
  expect(await problemsOf(`${text}\nserver: { listen: "0.0.0.0:50051" }`)).toEqual([
    expect.stringMatching(/^hub\.yaml:3:19 server\.listen: must be a loopback address /),
  ]);
});
