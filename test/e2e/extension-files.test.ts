import { expect, test } from "vitest";
import { Modules } from "../extensions/modules.ts";
import { GatewayProcess } from "../support/gateway-process.ts";

const request = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };
const text = (mark: string) => `
  import { defineExtension, warning, withWarnings } from "llm-connector-hub/extension";
  import { word } from "./word.js";
  export const extension = defineExtension({
    apiVersion: 1,
    name: "own",
    init: () => ({
      call: (next) => async (call) => withWarnings(await next(call), [warning("${mark}", "input", word)]),
    }),
  });`;

test("a changed file is loaded with all that it imports, and one that cannot be changes nothing", async () => {
  await using modules = await Modules.create();
  await modules.write(`export const word = "one";`, "word.js");
  const module = await modules.write(text("first"));
  await using gateway = await GatewayProcess.start({ providers: { simulator: {} }, extensions: [{ module }] });
  const told = async () => (await gateway.complete(request)).warnings.map(({ code, message }) => `${code} ${message}`);
  expect(await told()).toEqual(["first one"]);

  await modules.write(`export const word = "two";`, "word.js");
  await modules.write(text("second"));
  while ((await told())[0] !== "second two");

  await modules.write(`${text("third")} (`);
  while ((await gateway.metric("config_reload_failures_total")) === 0);
  expect(await told()).toEqual(["second two"]);
});
