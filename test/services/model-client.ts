import { type Client, createClient, createRouterTransport } from "@connectrpc/connect";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { rpcKey } from "../../src/services/context.ts";
import { Discovery } from "../../src/services/discovery.ts";
import { type ModelView, modelService } from "../../src/services/models.ts";
import { createRequestValidator } from "../../src/services/validation.ts";
import { rpcWith } from "../support/rpc.ts";

const validator = createRequestValidator();

/** A client of the service under a key for these models; undefined is a key for all. */
export function modelClient(models: readonly string[] | undefined, view: () => ModelView) {
  const rpc = rpcWith({ method: "llmhub.v1.ModelService/Any", caller: { keyId: "k1", tenantId: "", models } });
  const transport = createRouterTransport((routes) => routes.service(ModelService, modelService(view, validator)), {
    router: {
      interceptors: [
        (next) => (request) => {
          request.contextValues.set(rpcKey, rpc);
          return next(request);
        },
      ],
    },
  });
  return createClient(ModelService, transport);
}

/** What ListModels answers to a request, by selector. */
export async function selectorsOf(
  client: Client<typeof ModelService>,
  request: Parameters<Client<typeof ModelService>["listModels"]>[0],
): Promise<string[]> {
  const { models } = await client.listModels(request);
  return models.map(({ selector }) => selector);
}

/** A discovery whose clock stands still. */
export function noWaiting(): Discovery {
  return new Discovery({ now: () => 0, elapsed: () => Promise.resolve(), failed: () => undefined });
}
