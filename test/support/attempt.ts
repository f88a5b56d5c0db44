import type { Asked, Attempt } from "../../src/model/call.ts";
import type { ModelFacts, Provider } from "../../src/model/target.ts";
import { rpcWith } from "./rpc.ts";

/** What an attempt is made at. */
export interface Aimed {
  readonly kind: string;
  readonly model: string;
  readonly facts: ModelFacts;
}

const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };

/** An attempt at a model of a provider that bears the name of its kind. */
export function attemptAt<Request extends Asked>(
  { kind, model, facts }: Aimed,
  request: Request,
  stream = false,
): Attempt<Request> {
  const provider: Provider = { id: kind, displayName: kind, models: new Map(), defaultModel: undefined, timeouts };
  return {
    call: { id: "cmp_1", rpc: rpcWith(), request, stream },
    target: { provider, model, selector: `${kind}/${model}`, facts },
    policy: "",
    failures: [],
    timeouts,
    freshConnection: false,
  };
}
