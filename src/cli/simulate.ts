import { startSimulator } from "../simulator/server.ts";
import { noWords, readArguments, wholeNumber } from "./arguments.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";
import { listenProblem } from "./listen-problem.ts";
import { stopSignal } from "./stop-signal.ts";

const options = {
  host: { type: "string", value: "HOST", about: "address to listen on", default: "127.0.0.1" },
  port: { type: "string", value: "PORT", about: "port to listen on; 0 takes any free one", default: "4010" },
  secret: { type: "string", value: "SECRET", about: "what keys and signatures must prove; else any will do" },
  "first-token-ms": { type: "string", value: "N", about: "wait for the first token", default: "60" },
  "token-ms": { type: "string", value: "N", about: "wait between tokens", default: "12" },
} as const;

const waitMsMax = 600_000;

/** Runs the simulated provider as a server of its own. */
export const simulate: Command = {
  usage: ["simulate [--port PORT] [--host HOST] [--secret SECRET] [--first-token-ms N] [--token-ms N]"],
  about: `Runs a server that answers like OpenAI, Azure OpenAI, Anthropic, Gemini, Ollama, Cohere and Bedrock,
without a key and without cost, for development and load tests. Ctrl-C stops it.`,
  options,
  examples: ["llmhub simulate", "llmhub simulate --port 4020 --token-ms 0 --first-token-ms 0"],
  exits: ["failure"],
  run,
};

async function run(args: readonly string[], { signals, stdout }: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  noWords(words);
  const { host, secret } = values;
  const port = wholeNumber("--port", values.port, 0, 65535);
  const pace = {
    firstTokenMs: wholeNumber("--first-token-ms", values["first-token-ms"], 0, waitMsMax),
    tokenMs: wholeNumber("--token-ms", values["token-ms"], 0, waitMsMax),
  };
  const stop = stopSignal(signals);
  const simulator = await startSimulator({ host, port, ...pace, ...(secret === undefined ? {} : { secret }) }).catch(
    (error: unknown) => {
      throw new CommandError("failure", listenProblem(error, { host, port }, "--port"));
    },
  );
  stdout.write(`Simulated provider on ${simulator.url}; Ctrl-C stops it.
  OpenAI     POST ${simulator.url}/v1/chat/completions, /v1/responses, /v1/embeddings
  Anthropic  POST ${simulator.url}/v1/messages
  Gemini     POST ${simulator.url}/v1beta/models/gemini:generateContent
  Ollama     POST ${simulator.url}/api/chat
  Cohere     POST ${simulator.url}/v2/chat
  Bedrock    POST ${simulator.url}/model/MODEL/converse

Try:
  curl -s ${simulator.url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model":"gpt","messages":[{"role":"user","content":"Say hi"}]}'
`);
  await stop;
  await simulator.close();
  return "ok";
}
