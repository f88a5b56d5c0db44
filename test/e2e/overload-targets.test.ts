import { expect, test } from "vitest";
import { CompletionView } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../gen/llmhub/v1/routing_pb.ts";
import { TestGateway } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";
import { HeldUpstream } from "./held-upstream.ts";

/** An upstream that takes as long as the test says. */
async function pacedUpstream() {
  const pace = { ms: 20 };
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await new Promise((resolve) => setTimeout(resolve, pace.ms));
      await connection.respond(200, chat.whole("Hello"));
    }
  });
  return { pace, upstream };
}

test("L8: a model that becomes slow under load is called less, and as before when it is well again", async () => {
  const { pace, upstream } = await pacedUpstream();
  await using _ = upstream;
  await using gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind),
    overload: { targets: { adaptive: true, callsMin: 2, callsMax: 40 } },
  });
  let over = false;
  const caller = async () => {
    while (!over) {
      const error = await gateway.complete(request).then(
        () => undefined,
        (thrown) => thrown,
      );
      if (error !== undefined) expect(faultOf(error)).toMatchObject({ reason: "GATEWAY_OVERLOADED", cause: "target" });
    }
  };
  const callers = Array.from({ length: 12 }, caller);
  const limit = () => gateway.metric("target_calls_limit", { provider: "up", model: "m-1" });
  // Twelve callers cannot make so many in less than the half second that shows what being well means.
  while ((await gateway.metric("calls_total", { code: "OK" })) < 400 || (await limit()) < 40);
  pace.ms = 1500;
  while ((await limit()) > 10);
  pace.ms = 20;
  while ((await limit()) < 40);
  over = true;
  await Promise.all(callers);
  expect(await gateway.metric("breaker_state")).toBe(0);
}, 60_000);

test("a call beyond what a target gets at once goes to the next one, and nothing is held against the first", async () => {
  await using slow = await HeldUpstream.start();
  const { upstream: other } = await pacedUpstream();
  await using _ = other;
  await using gateway = await TestGateway.start({
    providers: { ...providerAt(slow.url, chat.kind), other: providerAt(other.url, chat.kind).up },
    models: { policies: { both: { targets: [{ model: "up/m-1" }, { model: "other/m-1" }] } } },
    overload: { targets: { adaptive: true, callsMin: 1, callsMax: 1, queueMax: 0 } },
  });
  const asked = { ...request, model: "policies/both", view: CompletionView.FULL };
  const first = gateway.complete(asked);
  await slow.asked(1);
  const { routing } = await gateway.complete(asked);
  expect(routing).toMatchObject({ provider: "other", attemptCount: 1 });
  expect(routing?.attempts[0]).toMatchObject({
    provider: "up",
    outcome: AttemptOutcome.SKIPPED,
    errorReason: "GATEWAY_OVERLOADED",
  });
  const alone = await gateway.failure(request);
  expect(faultOf(alone)).toMatchObject({
    code: "Unavailable",
    reason: "GATEWAY_OVERLOADED",
    cause: "target",
    retry: true,
  });
  slow.answer();
  expect((await first).routing?.provider).toBe("up");
  expect(await gateway.metric("shed_calls_total", { cause: "target" })).toBe(2);
  expect(await gateway.metric("breaker_state")).toBe(0);
  // Its place is free again.
  const last = gateway.complete(request);
  await slow.asked(2);
  slow.answer();
  await last;
});

test("an attempt waits for its turn at a target, and a caller who leaves waits no more", async () => {
  await using slow = await HeldUpstream.start();
  await using gateway = await TestGateway.start({
    providers: providerAt(slow.url, chat.kind),
    overload: { targets: { adaptive: true, callsMin: 1, callsMax: 1, queueWait: "1h" } },
  });
  const first = gateway.complete({ ...request, input: "first" });
  await slow.asked(1);
  const left = new AbortController();
  const second = gateway.failure({ ...request, input: "second" }, { signal: left.signal });
  const third = gateway.complete({ ...request, input: "third" });
  while ((await gateway.metric("calls_in_flight")) < 3);
  left.abort();
  await second;
  while ((await gateway.metric("calls_in_flight")) > 2);
  slow.answer();
  await first;
  await slow.asked(2);
  expect(slow.inputs).toEqual(["first", "third"]);
  slow.answer();
  await third;
});
