import { type Capacity, loadOf } from "./capacity.ts";
import { atMost, type Row } from "./goal.ts";
import { type Stand, usualManner } from "./stand.ts";
import { failuresOf, sumOf } from "./tally.ts";

/** The noisy tenant's limit, in parts of C: what it asks for is then a whole capacity. */
const limitPart = 0.05;
const times = 20;
const quietPart = 0.3;
/** Within it the noisy tenant uses up what its limit had saved for a minute, and the gateway gets warm. */
const beginS = 6;

/** L7: a tenant far above its limit, beside one that keeps within its own. */
export async function neighbours(stand: Stand, { perSecond }: Capacity, seconds: number): Promise<Row> {
  await stand.serve(Math.round(limitPart * perSecond * 60));
  await stand.upstream(usualManner);
  const calls = (name: string, key: number, part: number, durationS: number) =>
    loadOf([{ perSecond: part * perSecond, durationMs: durationS * 1000 }], { name, key });
  await stand.open(calls("begin", 1, quietPart, beginS));
  const alone = sumOf((await stand.open(calls("quiet", 1, quietPart, seconds)))["quiet"] ?? []);
  await stand.upstream("seen");
  const both = await stand.open(
    calls("quiet", 1, quietPart, beginS + seconds),
    calls("noisy", 0, limitPart * times, beginS + seconds),
  );
  const { hits } = await stand.upstream("seen");
  const beside = sumOf((both["quiet"] ?? []).slice(beginS));
  const all = sumOf([...(both["quiet"] ?? []), ...(both["noisy"] ?? [])]);
  const noisy = sumOf((both["noisy"] ?? []).slice(beginS));
  const wrong = Object.values(all.wrong).reduce((sum, count) => sum + count, 0);
  await stand.serve();
  return {
    id: "L7",
    priority: "P0",
    load: `${seconds} s: one tenant at ${times} times its limit of ${limitPart} C, another at ${quietPart} C`,
    goals: [
      atMost({ what: "errors of the other", value: failuresOf(beside), limit: 0, gross: beside.sent / 1000 }),
      atMost({ what: "its p99 ÷ alone", value: beside.answered.at(0.99) / alone.answered.at(0.99), limit: 1.25 }),
      atMost({
        what: "answers to the noisy one ÷ its limit",
        value: noisy.ok / seconds / perSecond / limitPart,
        limit: 1.05,
        note: `${noisy.refusedRightly} refused`,
      }),
      atMost({
        what: "refusals without RetryInfo, or of another kind",
        value: all.withoutDelay + wrong,
        limit: 0,
        gross: all.sent / 1000,
      }),
      atMost({
        what: "upstream calls without an answer to a caller",
        value: hits - all.ok,
        limit: 0,
        gross: all.sent / 1000,
      }),
    ],
  };
}
