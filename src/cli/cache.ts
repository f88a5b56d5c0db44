import { toJsonString } from "@bufbuild/protobuf";
import {
  type CacheStatistics,
  FlushCacheResponseSchema,
  GetDiagnosticsResponseSchema,
  SystemService,
} from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { noWords, readArguments } from "./arguments.ts";
import { channelOptions } from "./channel.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";
import { interruptible } from "./interruptible.ts";

const options = {
  "of-tenant": { type: "string", value: "ID", about: "flush only what this tenant was answered" },
  "of-key": { type: "string", value: "ID", about: "flush only what the API key of this id was answered" },
  "of-model": { type: "string", value: "NAME", about: "flush only what this model answered: provider/model" },
  json: { type: "boolean", about: "print the gateway's answer as one line of JSON" },
  ...channelOptions,
} as const;

/** Shows and empties the response cache of a running gateway. */
export const cache: Command = {
  usage: [
    "cache stats [--json] [--address URL] [--key KEY]",
    "cache flush [--of-tenant ID] [--of-key ID] [--of-model NAME] [--address URL] [--key KEY]",
  ],
  about: `Shows what the response cache of a running gateway holds, or drops answers. With driver redis
that is the cache of all replicas. The API key needs scopes: [admin]; without authentication the
gateway refuses, unless auth.adminWithoutKey is true.`,
  options,
  examples: ["llmhub cache stats", "llmhub cache flush --of-model openai/gpt-5-mini"],
  exits: ["unreachable", "answer", "interrupted"],
  run,
};

type Values = ReturnType<typeof readArguments<typeof options>>["values"];

async function run(args: readonly string[], shell: Shell): Promise<Exit> {
  const { stdout } = shell;
  const { values, words } = readArguments(args, options);
  const [what, ...others] = words;
  noWords(others);
  if (what !== "stats" && what !== "flush") {
    throw new CommandError("usage", "say what to do: llmhub cache stats, or llmhub cache flush");
  }
  if (what === "stats" && scopeOf(values).some((value) => value !== "")) {
    throw new CommandError("usage", "--of-tenant, --of-key and --of-model go with flush");
  }
  return interruptible(values, shell, async (channel, signal) => {
    const client = channel.client(SystemService);
    if (what === "stats") {
      const answer = await client.getDiagnostics({}, { signal });
      stdout.write(values.json ? `${toJsonString(GetDiagnosticsResponseSchema, answer)}\n` : statsText(answer.caches));
      return;
    }
    const [tenant, apiKey, model] = scopeOf(values);
    const answer = await client.flushCache({ tenant, apiKey, model }, { signal });
    stdout.write(values.json ? `${toJsonString(FlushCacheResponseSchema, answer)}\n` : `removed ${answer.removed}\n`);
  });
}

function scopeOf(values: Values): [tenant: string, apiKey: string, model: string] {
  const { "of-tenant": tenant, "of-key": key, "of-model": model } = values;
  return [tenant ? `tenants/${tenant}` : "", key ? `apiKeys/${key}` : "", model ?? ""];
}

/** Caches for a person, one line for each number; "-" is unknown. */
export function statsText(caches: readonly CacheStatistics[]): string {
  if (caches.length === 0) return "no cache is on; the section cache of the configuration switches it on\n";
  return caches
    .map(({ cache: name, driver, entries, bytes, hits, misses, evictions }) => {
      const rows = Object.entries({ cache: name, driver, entries, bytes, hits, misses, evictions });
      return rows.map(([title, value]) => `${title.padEnd(9)}  ${value ?? "-"}\n`).join("");
    })
    .join("\n");
}
