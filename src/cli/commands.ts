import type { Command } from "./command.ts";

/** A command before its module is loaded. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** The commands by name, in the order of the help. Loaded one by one: start-up time is for the one that runs. */
export const commands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ["serve", { summary: "run the gateway", load: async () => (await import("./serve.ts")).serve }],
  ["ask", { summary: "ask a model through a running gateway", load: async () => (await import("./ask.ts")).ask }],
  [
    "models",
    { summary: "list the models of a running gateway", load: async () => (await import("./models.ts")).models },
  ],
  [
    "cache",
    {
      summary: "show or empty the response cache of a running gateway",
      load: async () => (await import("./cache.ts")).cache,
    },
  ],
  ["simulate", { summary: "run a simulated provider", load: async () => (await import("./simulate.ts")).simulate }],
  [
    "check-config",
    { summary: "check a configuration", load: async () => (await import("./check-config.ts")).checkConfig },
  ],
  [
    "health",
    {
      summary: "ask the gateway on this machine whether it is well",
      load: async () => (await import("./health.ts")).health,
    },
  ],
  ["keys", { summary: "make an API key for a caller", load: async () => (await import("./keys.ts")).keys }],
]);
