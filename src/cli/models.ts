import { toJsonString } from "@bufbuild/protobuf";
import {
  HealthState,
  HealthStateSchema,
  type Model,
  ModelSchema,
  ModelService,
  ModelType,
  ModelTypeSchema,
} from "../../gen/llmhub/v1/model_service_pb.ts";
import { moneyText } from "./answer-stats.ts";
import { noWords, readArguments } from "./arguments.ts";
import { type Channel, channelOptions } from "./channel.ts";
import type { Command, Exit, Shell } from "./command.ts";
import { interruptible } from "./interruptible.ts";

const options = {
  provider: { type: "string", short: "p", value: "NAME", about: "only models of this provider" },
  json: { type: "boolean", about: "print each model as one line of JSON" },
  ...channelOptions,
} as const;

const pageSize = 1000;

/** Lists what a running gateway offers. */
export const models: Command = {
  usage: ["models [--provider NAME] [--json] [--address URL] [--key KEY]"],
  about: `Lists the models of a running gateway that the API key may use. Prices are for a million
tokens, or for a million searches of a model that reranks; "-" is unknown. Most providers
also take models that are not listed.`,
  options,
  examples: ["llmhub models", "llmhub models --provider openai --json"],
  exits: ["unreachable", "answer", "interrupted"],
  run,
};

async function run(args: readonly string[], shell: Shell): Promise<Exit> {
  const { stdout } = shell;
  const { values, words } = readArguments(args, options);
  noWords(words);
  return interruptible(values, shell, async (channel, signal) => {
    const found = await listAll(channel, values.provider ?? "", signal);
    if (values.json) for (const model of found) stdout.write(`${toJsonString(ModelSchema, model)}\n`);
    else
      stdout.write(
        found.length === 0 ? "no models are listed; a call may still name one as provider/model\n" : modelTable(found),
      );
  });
}

async function listAll(channel: Channel, provider: string, signal: AbortSignal): Promise<Model[]> {
  const client = channel.client(ModelService);
  const found: Model[] = [];
  let pageToken = "";
  do {
    const page = await client.listModels({ pageSize, pageToken, provider }, { signal });
    found.push(...page.models);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return found;
}

/** Models as columns for a person; "-" is unknown. */
export function modelTable(found: readonly Model[]): string {
  const rows = [["MODEL", "TYPE", "CONTEXT", "OUTPUT", "INPUT PRICE", "OUTPUT PRICE", "STATE"], ...found.map(row)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function row({ selector, type, capabilities, pricing, health }: Model): string[] {
  const price = (meter: string) => {
    const line = pricing?.lines.find((candidate) => candidate.meter === meter && candidate.fromInputTokens === 0);
    return line?.pricePerMillion && moneyText(line.pricePerMillion);
  };
  const state = health?.state ?? HealthState.UNSPECIFIED;
  const stateName = HealthStateSchema.values.find(({ number }) => number === state)?.localName.toLowerCase();
  const typeName = ModelTypeSchema.values.find(({ number }) => number === type)?.localName.toLowerCase();
  return [
    selector,
    type === ModelType.UNSPECIFIED || typeName === undefined ? "-" : typeName,
    String(capabilities?.contextWindow || "-"),
    String(capabilities?.maxOutputTokens || "-"),
    price("input") ?? price("search_unit") ?? "-",
    price("output") ?? "-",
    state === HealthState.UNSPECIFIED || stateName === undefined ? "-" : stateName,
  ];
}
