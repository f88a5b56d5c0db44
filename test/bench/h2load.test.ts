import { expect, test } from "vitest";
import { wholeAnswer } from "./answers.ts";
import { h2loadWords, problemOf, summaryIn } from "./h2load.ts";
import { gatewayTarget, rawTarget } from "./target.ts";

/** As version 1.52 prints it. */
const output = `starting benchmark...
spawning thread #0: 32 total client(s). 20000 total requests
Application protocol: http/1.1
progress: 100% done

finished in 829.24ms, 24118.59 req/s, 20.40MB/s
requests: 20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 20000 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 16.92MB (17740000) total, 5.07MB (5320000) headers (space savings 0.00%), 10.80MB (11320000) data
                     min         max         mean         sd        +/- sd
time for request:       21us     12.23ms      1.30ms      1.37ms    90.44%
`;
const raw = rawTarget("http://127.0.0.1:1");
const good = { calls: 10, succeeded: 10, durationMs: 5, bodyBytes: 10 * wholeAnswer.length };

test("what h2load prints is read", () => {
  expect(summaryIn(output)).toEqual({ calls: 20000, succeeded: 20000, durationMs: 829.24, bodyBytes: 11320000 });
  expect(summaryIn(output.replace("829.24ms", "1.50s")).durationMs).toBe(1500);
  expect(summaryIn(output.replace("20000 2xx, 0 3xx, 0 4xx", "19000 2xx, 0 3xx, 1000 4xx")).succeeded).toBe(19000);
});

test.each([
  { what: "all is well", changes: {}, problem: undefined },
  { what: "a call was not answered", changes: { succeeded: 9 }, problem: "9 of 10 calls were answered" },
  { what: "answers are cut", changes: { bodyBytes: 100 }, problem: "answers of 10 bytes" },
  { what: "nothing could be read", changes: { durationMs: Number.NaN }, problem: "no duration" },
])("a run is judged: $what", ({ changes, problem }) => {
  expect(problemOf({ ...good, ...changes }, 10, raw)).toBe(problem);
});

test("a run of gRPC errors, which have no body, is none of answers", () => {
  const target = gatewayTarget("http://127.0.0.1:1", "key", "grpc");
  expect(problemOf({ ...good, bodyBytes: 0 }, 10, target)).toBe("answers of 0 bytes");
});

test("gRPC goes over few connections, HTTP over one for each call", () => {
  const words = (door: "grpc" | "http") =>
    h2loadWords(gatewayTarget("http://h:1", "key", door), 7, "/tmp/body").join(" ");
  expect(words("grpc")).toMatch(/^h2load -c 4 -m 8 -n 7 -d \/tmp\/body .*authorization: Bearer key http:.*\/Complete$/);
  expect(words("http")).toMatch(/^h2load --h1 -c 32 -n 7 .*\/v1\/chat\/completions$/);
});
