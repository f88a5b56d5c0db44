import type { Protocol } from "../../model/protocol.ts";
import { faultOf } from "../chat-completions/fault.ts";
import { readResponse } from "./read.ts";
import { renderResponses } from "./render.ts";
import type { ResponsesBody } from "./wire.ts";

/** The Responses dialect of OpenAI, as far as the servers that follow it have it in common. */
export const responses: Protocol<ResponsesBody> = {
  name: "responses",
  render: renderResponses,
  read: readResponse,
  fault: faultOf,
};
