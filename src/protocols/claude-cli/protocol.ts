import type { Invocation } from "../../model/invocation.ts";
import type { Protocol } from "../../model/protocol.ts";
import { fault } from "./fault.ts";
import { read } from "./read.ts";
import { render } from "./render.ts";

/** The command line of Claude Code in its print mode, with streams of JSON on both sides. For programs, not for HTTP. */
export const claudeCli: Protocol<Invocation> = { name: "claude-cli", render, read, fault };
