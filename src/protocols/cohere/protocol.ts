import type { Protocol } from "../../model/protocol.ts";
import { fetches } from "./content.ts";
import { fault } from "./fault.ts";
import { read } from "./read.ts";
import { render } from "./render.ts";
import type { CohereBody } from "./wire.ts";

/**
 * Cohere's chat, version 2. Tokens are estimated: its tokenizer counts a text alone, not the prompt that the API makes of
 * messages, tools and documents.
 */
export const cohere: Protocol<CohereBody> = { name: "cohere", render, read, fault, fetches };
