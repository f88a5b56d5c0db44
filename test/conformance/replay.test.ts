import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cut, cuts } from "./cuts.ts";
import { type Recording, recordedProviders, recordingsOf } from "./recording.ts";
import { errorOf, normal, Replay } from "./replay.ts";

const ways = Object.entries(cuts);

describe.each(recordedProviders())("%s", (provider) => {
  let replay: Replay;
  beforeAll(async () => {
    replay = await Replay.start(provider);
  });
  afterAll(() => replay[Symbol.asyncDispose]());

  const outcome = ({ request, status, headers, body, expected }: Recording, stream: boolean, cut: Cut) =>
    replay.ask(request, stream, { status, headers, pieces: cut(body) }).then(
      (response) => ({ response: normal(response, expected.response) }),
      (error) => ({ error: errorOf(error) }),
    );
  const all = recordingsOf(provider);

  test.each(all.filter(({ status }) => status === 200))("$name", async (recording) => {
    for (const [way, cut] of ways) {
      expect({ way, ...(await outcome(recording, recording.streamed, cut)) }).toEqual({ way, ...recording.expected });
    }
  });

  test.each(all.filter(({ status }) => status !== 200))("$name", async (recording) => {
    for (const stream of [false, true]) {
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
