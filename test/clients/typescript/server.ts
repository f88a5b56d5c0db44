import { equal, ok } from "node:assert/strict";
import { createClient } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import type { Hub } from "./hub.ts";

const completions = "llmhub.v1.CompletionService";

export async function health({ transport }: Hub): Promise<void> {
  const client = createClient(Health, transport);
  for (const service of ["", completions]) equal((await client.check({ service })).status, Status.SERVING);
}

export async function reflection({ transport }: Hub): Promise<void> {
  async function* asked() {
    yield { messageRequest: { case: "listServices", value: "*" } } as const;
  }
  for await (const { messageResponse } of createClient(ServerReflection, transport).serverReflectionInfo(asked())) {
    ok(messageResponse.case === "listServicesResponse");
    ok(messageResponse.value.service.some(({ name }) => name === completions));
  }
}
