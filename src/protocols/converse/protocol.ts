import type { Protocol } from "../../model/protocol.ts";
import { countReader } from "../input-usage.ts";
import { addressOf } from "../media-source.ts";
import { fault } from "./fault.ts";
import { read } from "./read.ts";
import { render, renderCount } from "./render.ts";
import { type ConverseBody, family } from "./wire.ts";

/** Converse and ConverseStream of Amazon Bedrock. Paths are relative to the runtime's host. */
export const converse: Protocol<ConverseBody> = {
  name: family,
  render,
  read,
  fault,
  fetches: (media) => addressOf(media) !== undefined,
};

/** The answer of count-tokens. */
export const readCount = countReader("inputTokens");

/** The same, for models whose tokens Bedrock counts. */
export const countedConverse: Protocol<ConverseBody> = { ...converse, count: { render: renderCount, read: readCount } };
