import { GrpcLoad } from "./grpc-load.ts";
import { HttpLoad } from "./http-load.ts";
import { concurrency, type LoadOrder, type LoadResult, type LoadTargets } from "./workload.ts";

const { rawUrl, gatewayUrl, apiKey }: LoadTargets = JSON.parse(process.argv[2] ?? "{}");
const targets = {
  raw: HttpLoad.raw(rawUrl),
  grpc: new GrpcLoad(gatewayUrl, apiKey),
  http: HttpLoad.openai(gatewayUrl, apiKey),
  connect: HttpLoad.connect(gatewayUrl, apiKey),
};

process.once("disconnect", () => process.exit());
process.on("message", (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});

/** Keeps so many calls under way until the time is over, then lets them finish. */
async function run({ shape, target, durationMs }: LoadOrder): Promise<LoadResult> {
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let calls = 0;
  let problem: string | undefined;
  const worker = async () => {
    while (performance.now() < endMs && problem === undefined) {
      await targets[target].call(shape);
      calls++;
    }
  };
  const failed = (error: Error) => {
    problem ??= error.message;
  };
  await Promise.all(Array.from({ length: concurrency }, () => worker().catch(failed)));
  return { calls, durationMs: performance.now() - startMs, problem };
}
