import { toJsonString } from "@bufbuild/protobuf";
import {
  FinishReason,
  FinishReasonSchema,
  type StreamCompleteResponse,
  StreamCompleteResponseSchema,
  type StreamFinished,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { AnswerPrinter } from "./answer-printer.ts";
import { answerStats } from "./answer-stats.ts";
import { readArguments, wholeNumber } from "./arguments.ts";
import { callProblem } from "./call-problem.ts";
import { channelOptions, openChannel } from "./channel.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";

const options = {
  model: {
    type: "string",
    short: "m",
    value: "MODEL",
    about: 'alias or "provider/model"; absent: the gateway\'s default',
  },
  system: { type: "string", short: "s", value: "TEXT", about: "system message" },
  "max-tokens": { type: "string", value: "N", about: "most output tokens" },
  "allow-restart": {
    type: "boolean",
    about: "let a broken answer begin anew with another target; see docs/streaming.md",
  },
  json: { type: "boolean", about: "print each event as one line of JSON" },
  stats: { type: "boolean", about: "print model, tokens, cost and time to first output on stderr" },
  ...channelOptions,
} as const;

const int32Max = 2_147_483_647;
const inputBytesMax = 32 * 1024 * 1024;

/** Streams one answer from a running gateway. */
export const ask: Command = {
  usage: ["ask [options] TEXT…", "ask [options] < FILE"],
  about: `Asks a model through a running gateway and prints the answer as it comes. The words are
joined with spaces; without any, or with "-", the question is read from standard input.
Ctrl-C cancels the call.`,
  options,
  examples: [
    'llmhub ask "Say hi"',
    'llmhub ask --model openai/gpt-5-mini --stats "Why is the sky blue?"',
    "llmhub ask - < question.txt",
  ],
  exits: ["unreachable", "answer", "interrupted"],
  run,
};

async function run(args: readonly string[], shell: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  const maxTokens = values["max-tokens"];
  const limit = maxTokens === undefined ? {} : { maxOutputTokens: wholeNumber("--max-tokens", maxTokens, 1, int32Max) };
  const channel = openChannel(values, shell.env);
  const input = await question(words, shell);
  const cancel = new AbortController();
  const interrupt = () => cancel.abort();
  shell.signals.once("SIGINT", interrupt);
  try {
    const request = { input, model: values.model ?? "", system: values.system ?? "", ...limit };
    const stream = channel
      .client(CompletionService)
      .streamComplete(
        { start: { case: "request", value: request }, options: { allowRestart: values["allow-restart"] ?? false } },
        { signal: cancel.signal },
      );
    const printer = new AnswerPrinter(shell.stdout, values["allow-restart"]);
    const stats = await show(stream, values.json ? undefined : printer, shell);
    if (values.stats) shell.stderr.write(`${stats}\n`);
    return "ok";
  } catch (error) {
    if (cancel.signal.aborted) {
      // The reset leaves before the connection does: a call whose connection breaks goes on for a while.
      await new Promise(setImmediate);
      return "interrupted";
    }
    throw error instanceof CommandError ? error : callProblem(error, channel.address);
  } finally {
    shell.signals.off("SIGINT", interrupt);
    channel.close();
  }
}

/** Prints a stream, without a printer as JSON, and gives its statistics. */
async function show(
  stream: AsyncIterable<StreamCompleteResponse>,
  printer: AnswerPrinter | undefined,
  shell: Shell,
): Promise<string> {
  const startMs = performance.now();
  let firstOutputMs: number | undefined;
  let finished: StreamFinished | undefined;
  try {
    for await (const response of stream) {
      if (response.event.case === "partStarted") firstOutputMs ??= performance.now() - startMs;
      if (response.event.case === "finished") finished = response.event.value;
      if (printer === undefined) shell.stdout.write(`${toJsonString(StreamCompleteResponseSchema, response)}\n`);
      else printer.print(response);
    }
  } finally {
    printer?.end();
  }
  if (finished === undefined)
    throw new CommandError("answer", "the answer was cut: the stream ended without its last event");
  if (printer !== undefined) notes(finished, shell);
  return answerStats(finished, firstOutputMs);
}

/** What a reader of the answer should know, on stderr. */
function notes({ finishReason, warnings }: StreamFinished, { stderr }: Shell): void {
  for (const { code, field, message } of warnings) stderr.write(`warning: ${code} ${field}: ${message}\n`);
  if (finishReason === FinishReason.STOP || finishReason === FinishReason.TOOL_CALLS) return;
  const name = FinishReasonSchema.values.find(({ number }) => number === finishReason)?.localName ?? finishReason;
  stderr.write(`note: the model stopped early: ${name}\n`);
}

async function question(words: readonly string[], { stdin, stderr }: Shell): Promise<string> {
  if (words.length > 0 && words.join(" ") !== "-") return words.join(" ");
  if (stdin.isTTY) stderr.write("Reading the question from the terminal; end it with Ctrl-D.\n");
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of stdin) {
    const buffer = Buffer.from(piece);
    bytes += buffer.length;
    if (bytes > inputBytesMax) throw new CommandError("usage", `the question is longer than ${inputBytesMax} bytes`);
    pieces.push(buffer);
  }
  const text = Buffer.concat(pieces).toString().trim();
  if (text === "") throw new CommandError("usage", 'the question is empty; try: llmhub ask "Say hi"');
  return text;
}
