import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { complaints, objectsIn, root } from "./manifest.ts";

const example = (name: string) => readFileSync(join(root, "examples/mesh", `${name}.yaml`), "utf8");
const istio = example("istio");
const linkerd = objectsIn(example("linkerd"));
/** Of Linkerd's own kinds no definitions can be had. */
const routes = linkerd.filter(({ apiVersion }) => !apiVersion.startsWith("policy.linkerd.io/"));

let said: readonly (readonly string[])[] = [];
beforeAll(async () => {
  const misspelled = ["retryOn:", "notPrincipals:", "splitExternalLocalOriginErrors:", "randomSamplingPercentage:"];
  const wrong = misspelled.map((field) => istio.replace(field, `x${field}`));
  const routesText = routes.map((route) => stringify(route)).join("---\n");
  said = await complaints([istio, routesText, routesText.replace("parentRefs", "parents"), ...wrong], "1.37");
});

test("the resources of Istio are valid, and a wrong field in each would be found", () => {
  expect(said[0]).toEqual([]);
  for (const problems of said.slice(3)) expect(problems.join()).toMatch(/unknown field|x\w+/);
});

test("so are the routes for Linkerd", () => {
  expect(routes.map(({ kind }) => kind)).toEqual(["HTTPRoute", "HTTPRoute"]);
  expect(said[1]).toEqual([]);
  expect(said[2]).not.toEqual([]);
});

test("whatever a policy of Linkerd refers to is there", () => {
  const names = new Set(linkerd.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  const references = linkerd.flatMap(({ spec }) => [
    ...(spec.parentRefs ?? []),
    ...(spec.requiredAuthenticationRefs ?? []),
    ...(spec.targetRef === undefined ? [] : [spec.targetRef]),
  ]);
  expect(references.length).toBe(6);
  for (const { kind, name } of references) expect(names).toContain(`${kind} ${name}`);
});
