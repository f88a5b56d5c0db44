import type { PeerKind } from "../peer.ts";

/** Gateways that ours is compared with, in the order of the tables. */
export const peerKinds: readonly PeerKind[] = [];
