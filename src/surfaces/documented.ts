import { chatDocs } from "./chat/docs.ts";
import { embeddingsDocs } from "./embeddings/docs.ts";
import { hubDocs } from "./hub/docs.ts";
import { messagesDocs } from "./messages/docs.ts";
import { modelDocs } from "./models/docs.ts";
import { openApiDocs } from "./openapi/docs.ts";
import { responsesDocs } from "./responses/docs.ts";

/** What the description of the API says of each route, by method and path: `Route` takes no others. */
export const documented = {
  ...chatDocs,
  ...responsesDocs,
  ...embeddingsDocs,
  ...modelDocs,
  ...messagesDocs,
  ...hubDocs,
  ...openApiDocs,
};

/** "POST /v1/messages": a route that is described. */
export type Operation = keyof typeof documented;
