import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type Model, ModelService, ModelType } from "../../gen/llmhub/v1/model_service_pb.ts";
import { TestGateway } from "../support/gateway.ts";

test("what the operator says of models lies over what is built in", async () => {
  await using gateway = await TestGateway.start({
    providers: {
      openai: { apiKey: "k", models: { chat: { baseModel: "gpt-5-mini", maxOutputTokens: 7 } } },
      ollama: {
        discover: false,
        models: {
          vectors: { type: "embedding", dimensions: 256, prices: { input: 0.1, searchUnit: 2000 } },
          plain: { contextWindow: 9 },
        },
      },
    },
  });
  const client = createClient(ModelService, gateway.transport);
  const get = async (name: string): Promise<Model> => {
    const { model } = await client.getModel({ name });
    return model ?? expect.unreachable("the answer has no model");
  };
  const built = await get("openai/gpt-5-mini");
  const chat = await get("openai/chat");
  expect(chat.capabilities).toEqual({ ...built.capabilities, maxOutputTokens: 7 });
  expect([chat.pricing, chat.upstreamModel]).toEqual([built.pricing, "chat"]);
  expect(built.pricing?.lines.length).toBeGreaterThan(0);

  expect(await get("ollama/plain")).toMatchObject({
    type: ModelType.UNSPECIFIED,
    capabilities: { contextWindow: 9 },
  });
  expect(await get("ollama/vectors")).toMatchObject({
    type: ModelType.EMBEDDING,
    capabilities: { dimensions: [256] },
    pricing: {
      priceList: "configuration",
      lines: [
        { meter: "input", pricePerMillion: { amountNanos: 100_000_000n } },
        { meter: "search_unit", pricePerMillion: { amountNanos: 2_000_000_000_000n } },
      ],
    },
  });
});
