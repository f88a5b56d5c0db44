import { expect, test } from "vitest";
import { answer, asked, hedgedWorld } from "./held.ts";

test("S8: hedges are a part of the calls", async () => {
  await using at = await hedgedWorld({ maxRatio: 0.5 });
  const { gateway } = at;
  const hedged: boolean[] = [];
  for (let call = 0; call < 4; call++) {
    const answered = gateway.complete(asked);
    const slow = await at.a.next();
    const refused = () => gateway.metric("hedges_total", { provider: "b", outcome: "over_ratio" });
    const before = hedged.filter((each) => !each).length;
    await expect.poll(async () => at.b.hits + (await refused())).toBe(call + 1);
    await answer((await refused()) > before ? slow : await at.b.next());
    hedged.push((await answered).routing?.provider === "b");
  }
  expect(hedged).toEqual([false, true, false, true]);
});

test("S8: hedges cost no more than they may, by what they did cost", async () => {
  // A call may cost some 1,000 tokens, a millionth of a dollar each; what one wastes is its prompt.
  await using at = await hedgedWorld({ maxCostPerMinute: 0.0012 });
  const bounded = { ...asked, maxOutputTokens: 1000 };
  for (let call = 0; call < 2; call++) {
    const answered = at.gateway.complete(bounded);
    await at.a.next();
    await answer(await at.b.next());
    await answered;
  }
  const dear = at.gateway.complete({ ...bounded, maxOutputTokens: 1200 });
  const slow = await at.a.next();
  await expect.poll(() => at.gateway.metric("hedges_total", { provider: "b", outcome: "over_cost" })).toBe(1);
  await answer(slow);
  expect((await dear).routing?.provider).toBe("a");
});

test("S5, S8: hedges draw on the budget of repeats", async () => {
  await using at = await hedgedWorld({});
  for (let call = 0; call < 3; call++) {
    const answered = at.gateway.complete(asked);
    await at.a.next();
    await answer(await at.b.next());
    await answered;
  }
  const last = at.gateway.complete(asked);
  const slow = await at.a.next();
  await expect.poll(() => at.gateway.metric("hedges_total", { provider: "b", outcome: "over_budget" })).toBe(1);
  await answer(slow);
  await last;
  expect(at.b.hits).toBe(3);
});
