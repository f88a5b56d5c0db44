import { create } from "@bufbuild/protobuf";
import { ListProvidersRequestSchema, ListProvidersResponseSchema } from "../../../gen/llmhub/v1/model_service_pb.ts";
import { listProviders, type ModelView } from "../../services/models.ts";
import type { RequestValidator } from "../../services/validation.ts";
import { always, type HttpRequest, type Route } from "../route.ts";
import { protoJsonText, readProtoJson } from "./proto-json.ts";
import { hubWords } from "./words.ts";

/** The providers that the caller may use: ListProvidersResponse in JSON, a page at a time. */
export function providerRoute(models: () => ModelView, { check }: RequestValidator): Route {
  return {
    method: "GET",
    path: "/v1/providers",
    chained: false,
    words: always(hubWords),
    read: (_, { query }) => {
      const request = readProtoJson(ListProvidersRequestSchema, pageOf(query));
      check(ListProvidersRequestSchema, request);
      return async ({ caller }) => {
        const page = create(ListProvidersResponseSchema, listProviders(models(), caller, request));
        return { kind: "whole", body: protoJsonText(ListProvidersResponseSchema, page) };
      };
    },
  };
}

/** The names that the fields have in JSON are those of the query. */
function pageOf(query: HttpRequest["query"]): object {
  const size = query.get("pageSize");
  const token = query.get("pageToken");
  return { ...(size === null ? {} : { pageSize: size }), ...(token === null ? {} : { pageToken: token }) };
}
