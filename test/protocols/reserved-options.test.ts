import { expect, test } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { refuseReserved } from "../../src/protocols/reserved-options.ts";

const rendering = {
  invalid: (field: string, message: string) => new GatewayError("INVALID_REQUEST", `${field}: ${message}`),
};

test.each(["model", "models", "route", "preset", "fallbacks", "messages", "input", "background", "stream", "n"])(
  "%s is refused",
  (name) => {
    expect(() => refuseReserved({ [name]: null }, rendering)).toThrow(
      `provider_options.${name}: is set by the gateway`,
    );
  },
);

test("anything else passes", () => {
  expect(() => refuseReserved({ store: true, service_tier: "flex" }, rendering)).not.toThrow();
});
