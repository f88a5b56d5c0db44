import type { Protocol } from "../../model/protocol.ts";
import { fault } from "./fault.ts";
import { fetches } from "./media.ts";
import { read } from "./read.ts";
import { render } from "./render.ts";
import type { OllamaBody } from "./wire.ts";

/** Ollama's own dialect, /api/chat. Some proxies in front of it call its lines JSON. */
export const ollama: Protocol<OllamaBody> = { name: "ollama", render, read, fault, fetches, streamsJson: true };
