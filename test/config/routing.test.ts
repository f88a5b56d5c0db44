import { expect, test } from "vitest";
import { loadText, problemsOf } from "./files.ts";

const file = "auth: { mode: off }\nproviders: { simulator: }\n";

test("policies, chains and repeats are read whole", async () => {
  const { models } = await loadText(`${file}
models:
  aliases: { chat: policies/chat, deep: chains/deep }
  retry: { initialBackoff: 50ms }
  policies:
    chat:
      strategy: weighted
      targets: [{ model: simulator/gpt, weight: 9, arm: a }, { model: simulator/claude }]
      maxAttempts: 2
      maxBackoff: 1s
      stickyTo: end-user
      overridable: [maxCost]
      afterOutput: true
      hedge: { delay: 800ms, maxCostPerMinute: 0.5 }
  chains:
    deep:
      maxLatency: 20s
      steps:
        - { target: policies/chat, maxRetries: 0, maxLatency: 5s, fallThroughOn: [PROVIDER_TIMEOUT] }
        - { target: simulator/gpt, overrides: { temperature: 0, reasoning: { effort: low } } }
`);
  expect(models.retry).toEqual({ maxAttempts: undefined, initialBackoffMs: 50, maxBackoffMs: 5000 });
  expect(models.policies.get("chat")).toEqual({
    strategy: "weighted",
    targets: [
      { model: "simulator/gpt", weight: 9, arm: "a" },
      { model: "simulator/claude", weight: 1, arm: "" },
    ],
    retry: { maxAttempts: 2, initialBackoffMs: 50, maxBackoffMs: 1000 },
    stickyTo: "end-user",
    overridable: ["maxCost"],
    afterOutput: true,
    hedge: { delayMs: 800, parallelMax: 2, ratioMax: 0.02, nanosPerMinuteMax: 500_000_000n, optIn: false },
  });
  const chain = models.chains.get("deep");
  expect([chain?.maxLatencyMs, chain?.steps[0]]).toEqual([
    20_000,
    {
      target: "policies/chat",
      maxRetries: 0,
      maxLatencyMs: 5000,
      fallThroughOn: ["PROVIDER_TIMEOUT"],
      overrides: undefined,
    },
  ]);
  const overrides = chain?.steps[1]?.overrides ?? {};
  expect(Object.keys(overrides).sort()).toEqual(["reasoning", "temperature"]);
  expect(overrides).toMatchObject({ temperature: 0, reasoning: { effort: "low" } });
});

test("filters are read whole, prices in billionths", async () => {
  const { models } = await loadText(`${file}
models:
  policies:
    p:
      strategy: failover
      targets: [{ model: simulator/gpt }]
      filter:
        regions: [eu, us-east-1]
        tags: [internal]
        features: [tools]
        maxInputPrice: 1.5
        capable: true
  chains: { c: { maxAttempts: 4, steps: [{ target: policies/p }] } }
`);
  const policy = models.policies.get("p");
  expect(policy?.strategy).toBe("priority");
  expect(policy?.filter).toEqual({
    regions: ["eu", "us-east-1"],
    tags: ["internal"],
    features: ["tools"],
    inputNanosMax: 1_500_000_000n,
    outputNanosMax: undefined,
    capable: true,
  });
  expect(models.chains.get("c")?.maxAttempts).toBe(4);
});

const policies = (text: string) => `${file}models: { policies: { p: { ${text} } } }`;
const steps = (text: string) =>
  `${file}models: { policies: { p: { targets: [{ model: simulator/gpt }] } }, chains: { c: { steps: [${text}] } } }`;

const refused: readonly [name: string, text: string, problem: string][] = [
  ["no targets", policies("targets: []"), "models.policies.p.targets: needs at least one entry"],
  [
    "an unknown strategy",
    policies("targets: [{ model: simulator/gpt }], strategy: random"),
    "models.policies.p.strategy: must be one of priority, round-robin, weighted, lowest-cost, lowest-latency, healthiest, failover",
  ],
  [
    "a provider that is not there",
    policies("targets: [{ model: simulatr/gpt }]"),
    "models.policies.p.targets[0].model: names a provider that is not configured; did you mean simulator? (configured: simulator)",
  ],
  [
    "an alias for a target",
    policies("targets: [{ model: fast }]"),
    'models.policies.p.targets[0].model: must be "provider/model": no alias and nothing that picks once more',
  ],
  [
    "a target twice",
    policies("targets: [{ model: simulator/gpt }, { model: simulator/gpt }]"),
    "models.policies.p.targets[1].model: is the same as in targets[0]; give it a higher weight instead",
  ],
  [
    "weights of nothing",
    policies("strategy: weighted, targets: [{ model: simulator/gpt, weight: 0 }]"),
    "models.policies.p.targets: has no target with a weight, so none could be picked; give one a weight",
  ],
  [
    "stickiness without effect",
    policies("targets: [{ model: simulator/gpt }], stickyTo: api-key"),
    "models.policies.p.stickyTo: has no effect: priority prefers the same target for all; remove it",
  ],
  [
    "a chain in a chain",
    steps("{ target: chains/c }"),
    'models.chains.c.steps[0].target: must be "provider/model" or "policies/name": no alias and nothing that picks once more',
  ],
  [
    "a policy that is not there",
    steps("{ target: policies/q }"),
    "models.chains.c.steps[0].target: names nothing in models.policies; did you mean p?",
  ],
  [
    "a setting that is none of a step",
    steps("{ target: policies/p, overrides: { temperatur: 1 } }"),
    "models.chains.c.steps[0].overrides.temperatur: is no setting of a step; did you mean temperature?",
  ],
  [
    "a setting of the wrong form",
    steps("{ target: policies/p, overrides: { temperature: hot } }"),
    "models.chains.c.steps[0].overrides: has a value of the wrong form; write settings as in a request in JSON",
  ],
  [
    "an alias that leads to no policy",
    `${file}models: { aliases: { a: policies/p } }`,
    "models.aliases.a: names nothing in models.policies",
  ],
  [
    "a provider that nobody could call",
    "auth: { mode: off }\nproviders: { policies: { kind: simulator } }",
    "providers.policies: cannot be called policies: models named policies/… are something else",
  ],
];

test.each(refused)("%s is refused", async (_, text, problem) => {
  const problems = await problemsOf(text);
  expect(problems.length).toBe(1);
  expect(problems[0]).toMatch(/^hub\.yaml:[23]:\d+ /);
  expect(problems[0]?.replace(/^\S+ /, "")).toContain(problem);
});
