import type { PeerKind } from "../peer.ts";
import { bifrost } from "./bifrost.ts";
import { liteLlm } from "./litellm.ts";
import { portkey } from "./portkey.ts";

/** Gateways that ours is compared with, in the order of the tables. */
export const peerKinds: readonly PeerKind[] = [portkey, bifrost, liteLlm];
