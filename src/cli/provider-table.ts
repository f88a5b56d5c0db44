import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { builtInKind } from "../config/environment.ts";
import type { ModelFacts } from "../model/target.ts";
import type { ProviderFacts } from "../providers/provider.ts";
import { code, table } from "./markdown.ts";

const yes = "✓";
const no = "–";

const mediaNames: readonly (readonly [Modality, string])[] = [
  [Modality.IMAGE, "images"],
  [Modality.AUDIO, "audio"],
  [Modality.VIDEO, "video"],
  [Modality.DOCUMENT, "documents"],
];

/** What the kinds of providers can do, how each is reached, and its settings: three tables of Markdown. */
export function providerTables(kinds: Iterable<ProviderFacts>): string {
  const all = [...kinds];
  const abilities = ["`kind`", "provider", "complete", "embed", "rerank", "count", "discover"];
  const features = ["tools", "JSON schema", "reasoning", "prompt cache", "takes besides text"];
  const access = ["`kind`", "switched on by", "proves who asks by", "model names that lead there"];
  const settings = ["`kind`", "setting", "what it is", "environment"];
  return [
    table([...abilities, ...features], all.map(abilityRow)),
    table(access, all.map(accessRow)),
    table(settings, all.flatMap(settingRows)),
  ].join("\n");
}

function abilityRow(facts: ProviderFacts): string[] {
  const { generate, embed, rerank } = facts.dialects({});
  const models = facts.models();
  const known = [...models.values()];
  const names = [...models.keys(), facts.defaultModel ?? ""];
  const feature = (name: string) => (known.length === 0 ? "" : mark(known.some(({ features }) => features.has(name))));
  return [
    code(facts.kind),
    facts.displayName,
    mark(generate !== undefined),
    mark(embed !== undefined),
    mark(rerank !== undefined),
    mark(names.some((name) => generate?.(name)?.count !== undefined)),
    mark(facts.modelNames !== undefined),
    ...["tools", "json_schema", "reasoning", "prompt_cache"].map(feature),
    mediaOf(known),
  ];
}

function mediaOf(known: readonly ModelFacts[]): string {
  const taken = new Set(known.flatMap(({ inputModalities }) => inputModalities));
  return mediaNames.flatMap(([modality, name]) => (taken.has(modality) ? [name] : [])).join(", ");
}

function accessRow(facts: ProviderFacts): string[] {
  const { patterns = [], keyVariable, keyAliases = [], switches = [], sharedSwitches = [] } = facts;
  const own = [keyVariable ?? [], keyAliases, switches].flat().map(code).join(", ");
  const shared = sharedSwitches.map(code).join(", ");
  return [
    code(facts.kind),
    shared === "" ? own : `${own}; where required settings are set too, ${shared}`,
    proofOf(facts),
    patterns.map(({ prefix }) => code(`${prefix}*`)).join(" "),
  ];
}

function proofOf({ credentials, keyRequired, authorize }: ProviderFacts): string {
  if (credentials !== undefined) return credentials;
  const [header, value] = Object.entries(authorize("KEY")).find(([, value]) => value.includes("KEY")) ?? ["", ""];
  const key = value.startsWith("Bearer ") ? "API key" : `API key in ${code(header)}`;
  return keyRequired ? key : `${key}, if the server wants one`;
}

function settingRows({ kind, baseUrl, settings = {} }: ProviderFacts): string[][] {
  const address = baseUrl === undefined && kind !== builtInKind;
  return [
    ...(address ? [[code(kind), "**`baseUrl`**", "address of its API, beside `kind`", ""]] : []),
    ...Object.entries(settings).map(([name, { about, variables = [], required }]) => [
      code(kind),
      required ? `**${code(name)}**` : code(name),
      about,
      variables.map(code).join(", "),
    ]),
  ];
}

function mark(can: boolean): string {
  return can ? yes : no;
}
