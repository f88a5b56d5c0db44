import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { firstAttempt } from "../../src/dispatch/dispatcher.ts";
import { planOf } from "../../src/dispatch/planner.ts";
import { Router } from "../../src/dispatch/router.ts";
import type { Provider, Target } from "../../src/model/target.ts";
import { callOf } from "../interceptors/call/ended-call.ts";
import { candidatesOf } from "./candidates.ts";

/** The credential of an attempt beside a call, where these are out. */
function credentialOf(...out: readonly string[]): string | undefined {
  const [candidate] = candidatesOf({ p: 1 });
  if (candidate === undefined) throw new Error("no candidate");
  const twins = ["a", "b"].map((credential): Provider => ({ ...candidate.target.provider, credential }));
  const [first] = twins;
  if (first === undefined) throw new Error("no provider");
  const router = new Router({
    providers: new Map([["p", first]]),
    twins: new Map([["p", twins]]),
    aliases: new Map(),
    defaultModel: undefined,
  });
  const call = callOf({ request: create(CompleteRequestSchema, { model: "p/m" }) });
  const waitMs = ({ provider }: Target) => (out.includes(provider.credential ?? "") ? 1 : 0);
  return firstAttempt(call, planOf(router, call), { waitMs, obstruction: () => undefined }).target.provider.credential;
}

test("what is asked beside a call goes with the first credential that is not out; if all are, with the first", () => {
  expect([credentialOf(), credentialOf("a"), credentialOf("b"), credentialOf("a", "b")]).toEqual(["a", "b", "a", "a"]);
});
