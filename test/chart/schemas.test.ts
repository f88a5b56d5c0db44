import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { chart, complaints, examples, helm, objectsIn, podsIn, render, template } from "./manifest.ts";
import { restrictedProblems } from "./pod-security.ts";
import { kubernetes } from "./tools.ts";

test.each(examples)("helm finds nothing to say against the chart with the values of %s", async (example) => {
  const values = join(chart, "ci", `${example}-values.yaml`);
  expect(await helm(["lint", "--strict", chart, "--values", values])).toContain("0 chart(s) failed");
});

/** A field of an example that is given another name, in an object of each kind of schema. */
const misspelled = [
  ["defaults", "maxUnavailable: 0"],
  ["production", "endpoints:"],
  ["gateway-api", "parentRefs:"],
  ["cilium", "toFQDNs:"],
] as const;

describe.each(kubernetes)("for Kubernetes %s", (version) => {
  const texts = new Map<string, string>();
  let said: readonly (readonly string[])[] = [];
  beforeAll(async () => {
    for (const example of examples) texts.set(example, await template({ example, version }));
    const wrong = misspelled.map(([example, field]) => (texts.get(example) ?? "").replace(field, `x${field}`));
    said = await complaints([...texts.values(), ...wrong], version);
  });

  test.each(examples)("%s is valid", (example) => {
    expect(objectsIn(texts.get(example) ?? "").length).toBeGreaterThan(1);
    expect(said[examples.indexOf(example)]).toEqual([]);
  });

  test.each(examples)("pods of %s keep to the restricted standard", (example) => {
    const pods = podsIn(objectsIn(texts.get(example) ?? ""));
    if (!example.startsWith("sidecar")) expect(pods.length).toBeGreaterThan(1);
    expect(pods.flatMap(([name, pod]) => restrictedProblems(pod).map((problem) => `${name}: ${problem}`))).toEqual([]);
  });

  test.each(misspelled)("a wrong field in %s is found", (example, field) => {
    const index = misspelled.findIndex(([name]) => name === example);
    expect(said[examples.length + index]?.join()).toContain(`x${field.replace(/:.*/, "")}`);
  });
});

test("a pod that does not keep to the restricted standard is found", async () => {
  const [[, pod] = ["", undefined]] = podsIn(await render({}));
  const bad = structuredClone(pod);
  delete bad.securityContext.runAsNonRoot;
  bad.containers[0].securityContext.capabilities.add = ["SYS_ADMIN"];
  bad.volumes.push({ name: "host", hostPath: { path: "/" } });
  expect(restrictedProblems(bad)).toHaveLength(3);
});
