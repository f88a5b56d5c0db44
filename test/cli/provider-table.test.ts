import { expect, test } from "vitest";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { providerTables } from "../../src/cli/provider-table.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
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
const header: ProviderFacts = {
  ...bare,
  kind: "header",
  displayName: "Header",
  baseUrl: "https://api.example",
  keyRequired: true,
  authorize: (key) => ({ "x-version": "1", "x-key": key }),
};
const rich: ProviderFacts = {
  ...bare,
  kind: "rich",
  displayName: "Rich",
  baseUrl: ({ region }) => (region === undefined ? undefined : `https://${region}`),
  keyVariable: "RICH_KEY",
  switches: ["RICH_PROFILE"],
  sharedSwitches: ["CLOUD_ID"],
  keyRequired: true,
  credentials: "signed requests",
  settings: {
    region: { about: "where it runs", variables: ["RICH_REGION", "REGION"], required: true },
    profile: { about: "who asks" },
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

test("a kind of which little is known, one with a header of its own, and one of which everything is known", () => {
  expect(providerTables([bare, header, rich])).toBe(
    `| \`kind\` | provider | complete | embed | rerank | count | discover | tools | JSON schema | reasoning | prompt cache | takes besides text |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`bare\` | Bare \\| plain | ✓ | – | – | – | – |  |  |  |  |  |
| \`header\` | Header | ✓ | – | – | – | – |  |  |  |  |  |
| \`rich\` | Rich | ✓ | ✓ | – | ✓ | ✓ | ✓ | – | ✓ | – | images, documents |

| \`kind\` | switched on by | proves who asks by | model names that lead there |
| --- | --- | --- | --- |
| \`bare\` |  | API key, if the server wants one |  |
| \`header\` |  | API key in \`x-key\` |  |
| \`rich\` | \`RICH_KEY\`, \`RICH_PROFILE\`; where required settings are set too, \`CLOUD_ID\` | signed requests | \`rich-*\` \`r-*\` |

| \`kind\` | setting | what it is | environment |
| --- | --- | --- | --- |
| \`bare\` | **\`baseUrl\`** | address of its API, beside \`kind\` |  |
| \`rich\` | **\`region\`** | where it runs | \`RICH_REGION\`, \`REGION\` |
| \`rich\` | \`profile\` | who asks |  |
`,
  );
});

test("every kind that there is has a row of what it can and one of how it is reached", () => {
  const rows = providerTables(providerKinds.values()).split("\n");
  for (const kind of providerKinds.keys()) {
    expect(rows.filter((row) => row.startsWith(`| \`${kind}\` |`)).length).toBeGreaterThanOrEqual(2);
  }
});
