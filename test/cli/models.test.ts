import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { HealthState, ModelSchema, ModelService, ModelType } from "../../gen/llmhub/v1/model_service_pb.ts";
import { modelTable } from "../../src/cli/models.ts";
import { runProgram } from "../../src/cli/program.ts";
import { FakeShell } from "./fake-shell.ts";
import { serveRoutes } from "./gateway-stub.ts";

test("the table shows what is known", () => {
  const usd = (amountNanos: bigint) => ({ currencyCode: "USD", amountNanos });
  const full = create(ModelSchema, {
    selector: "openai/gpt-4o-mini",
    type: ModelType.COMPLETION,
    capabilities: { contextWindow: 128_000, maxOutputTokens: 16_384 },
    pricing: {
      lines: [
        { meter: "input", pricePerMillion: usd(300_000_000n), fromInputTokens: 1000 },
        { meter: "input", pricePerMillion: usd(150_000_000n) },
        { meter: "output", pricePerMillion: usd(600_000_000n) },
      ],
    },
    health: { state: HealthState.DEGRADED },
  });
  const rerank = create(ModelSchema, {
    selector: "cohere/rerank",
    type: ModelType.RERANK,
    pricing: { lines: [{ meter: "search_unit", pricePerMillion: usd(2_000_000_000_000n) }] },
  });
  expect(modelTable([full, rerank, create(ModelSchema, { selector: "a/b" })])).toBe(
    `MODEL               TYPE        CONTEXT  OUTPUT  INPUT PRICE  OUTPUT PRICE  STATE
openai/gpt-4o-mini  completion  128000   16384   0.15 USD     0.6 USD       degraded
cohere/rerank       rerank      -        -       2000 USD     -             -
a/b                 -           -        -       -            -             -
`,
  );
});

test("all pages of one provider are read", async () => {
  const seen: string[] = [];
  await using server = await serveRoutes((router) =>
    router.service(ModelService, {
      listModels: ({ pageToken, provider }) => {
        seen.push(`${provider}:${pageToken}`);
        const next = { "": "2", "2": "3", "3": "" }[pageToken] ?? "";
        return { models: [{ selector: `p/m${pageToken}` }], nextPageToken: next };
      },
    }),
  );
  const shell = new FakeShell();
  expect(await runProgram(["models", "--json", "-p", "p", "--address", server.address], shell)).toBe(0);
  expect(shell.out).toBe('{"selector":"p/m"}\n{"selector":"p/m2"}\n{"selector":"p/m3"}\n');
  expect(seen).toEqual(["p:", "p:2", "p:3"]);
});
