import type { Target } from "../../model/target.ts";

/** Where a cross-region profile leads: "us.", "apac.", "global.". */
const geography = /^([a-z]{2}|us-gov|apac|global)\.(?=[a-z0-9-]+\.)/;

/** The id of the model itself, without the region or ARN of the profile that leads to it: "anthropic.claude-opus-4-6-v1". */
export function baseModelOf(model: string): string {
  return model.slice(model.lastIndexOf("/") + 1).replace(geography, "");
}

/** Where a cross-region profile leads: "us", "apac", "global". Undefined for what is no such profile, or does not tell. */
export function geographyOf(model: string): string | undefined {
  return geography.exec(model.slice(model.lastIndexOf("/") + 1))?.[1];
}

/** Who made the model: "anthropic", "amazon". Empty where the id is an ARN that does not tell. */
export function vendorOf(model: string): string {
  return /^([a-z0-9-]+)\./.exec(baseModelOf(model))?.[1] ?? "";
}

/** Path of an operation on a model. Ids have ":" and, as ARNs, "/". */
export function modelPath(model: string, operation: string): string {
  return `/model/${encodeURIComponent(model)}/${operation}`;
}

/** Who signs reasoning: many vendors' models live at one instance, and each reads its own proofs only. */
export function signerOf({ provider, model }: Pick<Target, "provider" | "model">): string {
  const vendor = vendorOf(model);
  return vendor === "" ? provider.id : `${provider.id}.${vendor}`;
}
