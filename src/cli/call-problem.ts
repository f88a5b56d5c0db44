import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CommandError } from "./command.ts";

const keyHint = "give an API key with LLMHUB_API_KEY; `llmhub keys new` makes one for the gateway's configuration";

/** What to do about a failure, by ErrorInfo.reason. */
const hints: Readonly<Record<string, string>> = {
  CREDENTIALS_MISSING: keyHint,
  API_KEY_INVALID: keyHint,
  API_KEY_EXPIRED: keyHint,
  MODEL_REQUIRED: "choose one with --model; `llmhub models` lists them",
  MODEL_NOT_FOUND: "`llmhub models` lists the models",
  PERMISSION_DENIED: "`llmhub models` lists the models that this key may use",
  PROVIDER_CREDENTIAL_INVALID:
    "the gateway's own credential is meant, not yours: the provider's apiKey or settings in its configuration, or what its environment offers; `llmhub check-config --probe` tries it there",
  NO_HEALTHY_TARGET:
    "calls to it kept failing, and the gateway leaves it alone for now; `llmhub models` shows how the others do",
  PROVIDER_QUOTA_EXHAUSTED: "the gateway's account at the provider needs credit",
};

/** A failed call as a person should read it: code, reason, message and what to do. */
export function callProblem(error: unknown, address: string): CommandError {
  const failure = ConnectError.from(error);
  const info = failure.findDetails(ErrorInfoSchema)[0];
  if (info === undefined && failure.code === Code.Unavailable) {
    const why = causeCode(failure);
    const start = `start it with \`npm start\`, or say where it is with --address`;
    return new CommandError("unreachable", `cannot reach the gateway at ${address}${why}; ${start}`);
  }
  // Every error of a gateway has an ErrorInfo: what comes without one is another server, or another protocol.
  if (info === undefined && (failure.code === Code.Internal || failure.code === Code.Canceled)) {
    const other = address.startsWith("https:")
      ? address.replace("https:", "http:")
      : address.replace("http:", "https:");
    const why = failure.rawMessage.split("\n", 1)[0];
    const message = `no gateway answers at ${address} (${why}); try --address ${other}, and NODE_EXTRA_CA_CERTS for a private authority`;
    return new CommandError("unreachable", message);
  }
  const reason = info === undefined ? "" : ` ${info.reason}`;
  const lines = [`${Code[failure.code]}${reason}: ${failure.rawMessage}`];
  // What an operator's call lacks is in the message; models have nothing to do with it.
  const hint = info === undefined || info.metadata["scope"] === "admin" ? undefined : hints[info.reason];
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  const delay = failure.findDetails(RetryInfoSchema)[0]?.retryDelay;
  if (delay !== undefined) lines.push(`hint: trying again may help, after ${delay.seconds} s`);
  return new CommandError("answer", lines.join("\n"));
}

function causeCode({ cause }: ConnectError): string {
  return cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
}
