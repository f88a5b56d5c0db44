import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { builtInKind } from "../config/environment.ts";
import type { ModelFacts } from "../model/target.ts";
import type { ProviderFacts } from "../providers/provider.ts";

const yes = "✓";
const no = "–";

const mediaNames: readonly (readonly [Modality, string])[] = [
  [Modality.IMAGE, "images"],
  [Modality.AUDIO, "audio"],
  [Modality.VIDEO, "video"],
  [Modality.DOCUMENT, "documents"],
];

/** What the kinds of providers can do, and how each is configured: two tables of Markdown, one row a kind. */
export function providerTables(kinds: Iterable<ProviderFacts>): string {
  const all = [...kinds];
  const abilities = ["`kind`", "provider", "complete", "embed", "rerank", "count", "discover"];
  const features = ["tools", "JSON schema", "reasoning", "prompt cache", "takes besides text"];
  const settings = ["`kind`", "key variable", "proves who asks by", "settings (environment)", "model names"];
  return [table([...abilities, ...features], all.map(abilityRow)), table(settings, all.map(configurationRow))].join(
    "\n",
  );
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

function configurationRow(facts: ProviderFacts): string[] {
  const { settings = {}, patterns = [], keyVariable, switches = [], sharedSwitches = [] } = facts;
  const address = facts.baseUrl === undefined && facts.kind !== builtInKind ? ["**`baseUrl`**"] : [];
  const named = Object.entries(settings).map(([name, { variables = [], required }]) => {
    const shown = required ? `**${code(name)}**` : code(name);
    return variables.length === 0 ? shown : `${shown} (${variables.map(code).join(", ")})`;
  });
  return [
    code(facts.kind),
    [keyVariable ?? [], switches, sharedSwitches].flat().map(code).join(", "),
    proofOf(facts),
    [...address, ...named].join(", "),
    patterns.map(({ prefix }) => code(`${prefix}*`)).join(" "),
  ];
}

function proofOf({ credentials, keyRequired, authorize }: ProviderFacts): string {
  if (credentials !== undefined) return credentials;
  const headers = Object.entries(authorize("KEY")).flatMap(([name, value]) => (value.includes("KEY") ? [name] : []));
  const key = `API key in ${headers.map(code).join(", ")}`;
  return keyRequired ? key : `${key}, if the server wants one`;
}

function mark(can: boolean): string {
  return can ? yes : no;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cellText).join(" | ")} |\n`).join("");
}

/** A cell is one line, and ends at a bar. */
function cellText(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|");
}
