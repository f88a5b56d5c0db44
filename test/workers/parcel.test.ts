import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { Secret } from "../../src/model/secret.ts";
import { packed, unpacked } from "../../src/workers/parcel.ts";
import { configOf } from "../support/gateway.ts";

/** The same value with secrets in clear text, so that they are compared, too. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { revealed: value.reveal() };
  if (value instanceof Map) return new Map([...value].map(([name, each]) => [name, revealed(each)]));
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null || value instanceof Set) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revealed(each)]));
}

test("a configuration is the same at the other end of a line", async () => {
  const certificate = (name: string) => new URL(`../support/certificates/${name}`, import.meta.url).pathname;
  const config = await configOf({
    server: { tls: { cert: certificate("server.pem"), key: certificate("server.key.pem") } },
    providers: {
      openai: { apiKey: "secret-1", headers: { "x-own": "secret-2" }, models: { a: { prices: { input: 0.1 } } } },
      bedrock: {
        region: "eu-central-1",
        settings: { region: "eu-central-1" },
        credentials: [{ name: "blue", settings: { accessKeyId: "AKIA", secretAccessKey: "secret-3" } }],
      },
      simulator: {},
    },
    models: {
      aliases: { fast: "policies/mixed" },
      policies: {
        mixed: {
          targets: [{ model: "openai/a", weight: 2 }, { model: "simulator/gpt" }],
          filter: { features: ["tools"] },
          hedge: { delay: "1s", maxCostPerMinute: 0.5 },
          overridable: ["maxCost"],
        },
      },
      chains: {
        careful: {
          steps: [{ target: "policies/mixed", overrides: { temperature: 0, reasoning: { budgetTokens: 9 } } }],
        },
      },
    },
    limits: [{ scope: "key", requests: 1, per: "day" }],
    redis: { url: "redis://:secret-4@127.0.0.1:1" },
  });
  const sent = deserialize(serialize(packed(config)));
  expect(revealed(unpacked(sent))).toEqual(revealed(config));
  expect(JSON.stringify(unpacked(sent))).not.toContain("secret-");
});
