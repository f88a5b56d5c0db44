import type { Side } from "./target.ts";

/** Another gateway, started to do the same work. Its CPU time is that of its one process. */
export type Peer = Side;

/** Another gateway that can be started here. */
export interface PeerKind {
  readonly name: string;
  /** What has to be done before it can be started, as a command; undefined: nothing. */
  missing(): string | undefined;
  /** Starts it on the cores given, with its calls to OpenAI going to the upstream. Resolves when it answers. */
  start(cores: string | undefined, upstreamUrl: string): Promise<Peer>;
}
