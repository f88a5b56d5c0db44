import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { type ProviderSection, TestGateway } from "../support/gateway.ts";
import { within } from "../support/scripted-upstream.ts";

/** A provider that lists these models, fails where there are none, and says nothing where it is told to hang. */
async function listingServer(names: () => readonly string[] | undefined | "hang") {
  const paths: string[] = [];
  const asked = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    paths.push(`${request.url} ${request.headers.authorization}`);
    asked.resolve();
    const listed = names();
    if (listed === "hang") return;
    response.writeHead(listed === undefined ? 500 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", data: listed?.map((id) => ({ id, object: "model" })) }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    paths,
    asked: asked.promise,
    entry: { kind: "openai-compatible", baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: "k" } satisfies ProviderSection,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function selectorsOf(gateway: TestGateway): Promise<string[]> {
  const { models } = await createClient(ModelService, gateway.transport).listModels({});
  return models.map(({ selector }) => selector);
}

test("a server without a table of models is asked for them, once, with its key", async () => {
  await using server = await listingServer(() => ["llama", "bad name", "qwen:7b"]);
  await using gateway = await TestGateway.start({
    providers: { local: { ...server.entry, models: { declared: { contextWindow: 10 } } } },
  });
  expect(await selectorsOf(gateway)).toEqual(["local/declared", "local/llama", "local/qwen:7b"]);
  await selectorsOf(gateway);
  expect(server.paths).toEqual(["/v1/models Bearer k"]);
  const { providers } = await createClient(ModelService, gateway.transport).listProviders({});
  expect(providers).toMatchObject([{ providerId: "local", modelCount: 3 }]);
});

test("discover says otherwise, both ways", async () => {
  await using server = await listingServer(() => ["gpt-of-tomorrow"]);
  const { kind: _, ...address } = server.entry;
  await using gateway = await TestGateway.start({
    providers: {
      local: { ...server.entry, discover: false },
      openai: { ...address, discover: true },
    },
  });
  const selectors = await selectorsOf(gateway);
  expect(selectors).toContain("openai/gpt-of-tomorrow");
  expect(selectors.filter((selector) => selector.startsWith("local/"))).toEqual([]);
  expect(server.paths).toHaveLength(1);
});

test("a provider that fails hides nothing of the others", async () => {
  await using broken = await listingServer(() => undefined);
  await using server = await listingServer(() => ["llama"]);
  await using gateway = await TestGateway.start({ providers: { broken: broken.entry, local: server.entry } });
  expect(await selectorsOf(gateway)).toEqual(["local/llama"]);
});

test("a reload keeps the list of a provider that did not change", async () => {
  await using server = await listingServer(() => ["llama"]);
  await using gateway = await TestGateway.start({ providers: { local: server.entry } });
  await selectorsOf(gateway);
  await gateway.reload({ providers: { local: server.entry, simulator: {} } });
  expect(await selectorsOf(gateway)).toContain("local/llama");
  expect(server.paths).toHaveLength(1);
});

test("a provider that never answers does not hold up a drain", async () => {
  await using server = await listingServer(() => "hang");
  await using gateway = await TestGateway.start({ providers: { local: server.entry } });
  const cut = selectorsOf(gateway).catch(() => "cut");
  await server.asked;
  // The question itself would take 10 s.
  await within(gateway.drain(), 5000);
  await cut;
});
