import { expect, test } from "vitest";
import { configReference } from "../../src/cli/config-reference.ts";

test("sections, maps, lists, bounds, defaults and choices", () => {
  const text = { type: "string" };
  const reference = configReference({
    required: ["log"],
    properties: {
      log: {
        description: "Lines.",
        required: ["level"],
        properties: { level: { ...text, enum: ["info", "warn"], description: "How much | of it." } },
      },
      limits: {
        description: "Bounds.",
        default: [],
        anyOf: [
          {
            type: "array",
            maxItems: 3,
            items: {
              description: "One.",
              properties: { calls: { type: "integer", minimum: 1, maximum: 2000, default: 7 } },
            },
          },
          { type: "null" },
        ],
      },
      names: { type: "object", additionalProperties: { ...text, examples: ["a", "b"] }, description: "By name." },
    },
  });
  expect(reference).toBe(`## log

Lines. Required.

| setting | value | absent | counts from | what it is |
| --- | --- | --- | --- | --- |
| **\`log.level\`** | \`info\`, \`warn\` | refused | restart | How much \\| of it. The variable \`LLMHUB_LOG_LEVEL\` goes before. |

## limits

Bounds.

| setting | value | absent | counts from | what it is |
| --- | --- | --- | --- | --- |
| \`limits[]\` | section |  |  | One. |
| \`limits[].calls\` | whole number, 1 to 2,000 | \`7\` | reload |  |

## names

By name.

| setting | value | absent | counts from | what it is |
| --- | --- | --- | --- | --- |
| \`names\` | map of texts such as \`a\`, \`b\` |  | reload | By name. |
`);
});
