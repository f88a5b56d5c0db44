import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cut, cuts } from "./cuts.ts";
import { type Recording, recordedIds, recordedProviders, recordingsOf } from "./recording.ts";
import { errorOf, normal, Replay } from "./replay.ts";

const ways = Object.entries(cuts);

test("every recorded exchange is replayed", () => {
  const replayed = recordedProviders().flatMap((provider) =>
    recordingsOf(provider).map(({ name }) => `${provider}/${name}`),
  );
  expect(replayed.sort()).toEqual(recordedIds());
});

describe.each(recordedProviders())("%s", (provider) => {
  const replays = new Map<string, Replay>();
  const all = recordingsOf(provider);
  beforeAll(async () => {
    for (const recording of all) {
      const key = JSON.stringify(recording.provider);
      if (!replays.has(key)) replays.set(key, await Replay.start(provider, recording.provider));
    }
  });
  afterAll(async () => {
    for (const replay of replays.values()) await replay[Symbol.asyncDispose]();
  });

  const outcome = async (recording: Recording, stream: boolean, cut: Cut) => {
    const { request, operation, status, headers, body, expected } = recording;
    const replay = replays.get(JSON.stringify(recording.provider));
    if (replay === undefined) throw new Error(`no gateway for ${recording.name}`);
    const take = { status, headers, pieces: cut(body) };
    if (operation !== "complete") {
      const answer = operation === "embed" ? replay.embed(request, take) : replay.rerank(request, take);
      return answer.then(
        (response) => ({ response }),
        (error) => ({ error: errorOf(error) }),
      );
    }
    return replay.ask(request, stream, take).then(
      (response) => ({ response: normal(response, expected.response) }),
      (error) => ({ error: errorOf(error) }),
    );
  };

  test.each(all.filter(({ status }) => status === 200))("$name", async (recording) => {
    for (const [way, cut] of ways) {
      expect({ way, ...(await outcome(recording, recording.streamed, cut)) }).toEqual({ way, ...recording.expected });
    }
  });

  test.each(all.filter(({ status }) => status !== 200))("$name", async (recording) => {
    for (const stream of recording.operation === "complete" ? [false, true] : [false]) {
      for (const [way, cut] of ways) {
        expect({ way, stream, ...(await outcome(recording, stream, cut)) }).toEqual({
          way,
          stream,
          ...recording.expected,
        });
      }
    }
  });
});
