import { expect, test } from "vitest";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { providerTables } from "../../src/cli/provider-table.ts";
import { unknownModel } from "../../src/dispatch/router.ts";
import { chatCompletions } from "../../src/protocols/chat-completions/protocol.ts";
import { messages } from "../../src/protocols/messages/protocol.ts";
import { providerKinds } from "../../src/providers/index.ts";
import type { ProviderFacts } from "../../src/providers/provider.ts";

const bare: ProviderFacts = {
  kind: "bare",
  displayName: "Bare | plain",
  baseUrl: undefined,
  keyRequired: false,
  authorize: (key) => ({ authorization: `Bearer ${key}`, "x-version": "1" }),
  dialects: () => ({ generate: () => chatCompletions }),
  models: () => new Map(),
  healthPath: "/models",
};
const rich: ProviderFacts = {
  ...bare,
  kind: "rich",
  displayName: "Rich",
  baseUrl: ({ region }) => (region === undefined ? undefined : `https://${region}`),
  keyVariable: "RICH_KEY",
  switches: ["RICH_PROFILE"],
  keyRequired: true,
  credentials: "signed requests",
  settings: {
    region: { about: "Where.", variables: ["RICH_REGION", "REGION"], required: true },
    profile: { about: "Who." },
  },
  dialects: () => ({
    generate: (model) => (model === "counting" ? messages : chatCompletions),
    embed: () => undefined,
  }),
  models: () =>
    new Map([
      ["counting", { ...unknownModel, features: new Set(["tools"]), inputModalities: [Modality.DOCUMENT] }],
      [
        "other",
        { ...unknownModel, features: new Set(["reasoning"]), inputModalities: [Modality.TEXT, Modality.IMAGE] },
      ],
    ]),
  patterns: [
    { prefix: "rich-", strips: false },
    { prefix: "r-", strips: true },
  ],
  modelNames: () => [],
};

test("a kind of which nothing is known, and one of which everything is", () => {
  expect(providerTables([bare, rich])).toBe(
    `| \`kind\` | provider | complete | embed | rerank | count | discover | tools | JSON schema | reasoning | prompt cache | takes besides text |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`bare\` | Bare \\| plain | ✓ | – | – | – | – |  |  |  |  |  |
| \`rich\` | Rich | ✓ | ✓ | – | ✓ | ✓ | ✓ | – | ✓ | – | images, documents |

| \`kind\` | key variable | proves who asks by | settings (environment) | model names |
| --- | --- | --- | --- | --- |
| \`bare\` |  | API key in \`authorization\`, if the server wants one | **\`baseUrl\`** |  |
| \`rich\` | \`RICH_KEY\`, \`RICH_PROFILE\` | signed requests | **\`region\`** (\`RICH_REGION\`, \`REGION\`), \`profile\` | \`rich-*\` \`r-*\` |
`,
  );
});

test("every kind that there is has a row in both", () => {
  const rows = providerTables(providerKinds.values()).split("\n");
  for (const kind of providerKinds.keys()) {
    expect(rows.filter((row) => row.startsWith(`| \`${kind}\` |`))).toHaveLength(2);
  }
});
