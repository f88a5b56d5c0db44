import type { Protocol } from "../../model/protocol.ts";
import { countReader } from "../input-usage.ts";
import { fault } from "./fault.ts";
import { read } from "./read.ts";
import { render, renderCount } from "./render.ts";
import { family, type MessagesBody } from "./wire.ts";

/** The Messages dialect of Anthropic. Paths are relative to a base URL that ends in "/v1". */
export const messages: Protocol<MessagesBody> = {
  name: family,
  render,
  read,
  fault,
  count: { render: renderCount, read: countReader("input_tokens") },
};
