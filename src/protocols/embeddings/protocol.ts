import type { EmbedDialect } from "../../model/protocol.ts";
import { faultOf } from "../chat-completions/fault.ts";
import { readEmbeddings } from "./read.ts";
import { renderEmbeddings } from "./render.ts";

/** Texts that OpenAI takes in one request, and tokens of all of them together (its API reference, "Create embeddings"). */
const textsMax = 2048;
const tokensMax = 300_000;

/** The embeddings dialect of OpenAI, as far as the servers that follow it have it in common. */
export const embeddings: EmbedDialect = {
  name: "embeddings",
  render: renderEmbeddings,
  read: readEmbeddings,
  fault: faultOf,
  textsMax: () => textsMax,
  tokensMax: () => tokensMax,
};
