import * as v from "valibot";
import type { Documented } from "../docs.ts";

const tag = "Description of the API";

const openApi = v.looseObject({ openapi: v.string(), info: v.looseObject({}), paths: v.looseObject({}) });

/** What the description of the API says of itself. */
export const openApiDocs = {
  "GET /openapi.json": {
    tag,
    operationId: "getOpenApi",
    summary: "This description, for programs",
    description: "OpenAPI 3.1: for generators of clients and tools that try an API out.",
    isOpen: true,
    answer: [openApi],
    examples: { document: { summary: "Fetch it" } },
  },
  "GET /docs": {
    tag,
    operationId: "getDocs",
    summary: "This description, for people",
    description: "One page that loads nothing from elsewhere and runs no script.",
    isOpen: true,
    answer: "text/html",
    examples: { page: { summary: "Fetch it; or look at it in a browser" } },
  },
} as const satisfies Documented;
