import { create, type JsonObject } from "@bufbuild/protobuf";
import { FinishReason, StreamFinishedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Attempt } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import type { Reader } from "../model/protocol.ts";
import type { Piece } from "../model/reply.ts";
import { badResponse } from "./bad-response.ts";
import { faultInAnswer } from "./chat-completions/fault.ts";
import { parseObject, textOf } from "./field.ts";
import { type WholeAnswer, WholeReader } from "./whole-reader.ts";

/** What a dialect makes of a body that is an object and holds no error. */
interface Meaning<Value> {
  readonly value: Value;
  /** Undefined: the provider does not count. */
  readonly usage: Usage | undefined;
}

/** The error that a body is in place of an answer, if it is one. */
type FaultIn = (body: JsonObject, attempt: Attempt<Asked>) => GatewayError | undefined;

/** Reads an answer that is one value out of one JSON object, which may name its model. Errors are OpenAI's unless `faultIn` finds others. */
export function readValue<Value>(
  attempt: Attempt<Asked>,
  mean: (body: JsonObject) => Meaning<Value>,
  faultIn: FaultIn = openAiFault,
): Reader<Value> {
  return new WholeReader(new ValueAnswer(attempt, mean, faultIn));
}

function openAiFault({ error }: JsonObject, attempt: Attempt<Asked>): GatewayError | undefined {
  return error === undefined || error === null ? undefined : faultInAnswer(attempt, error);
}

class ValueAnswer<Value> implements WholeAnswer<Value> {
  readonly #attempt: Attempt<Asked>;
  readonly #mean: (body: JsonObject) => Meaning<Value>;
  readonly #faultIn: FaultIn;
  model = "";

  constructor(attempt: Attempt<Asked>, mean: (body: JsonObject) => Meaning<Value>, faultIn: FaultIn) {
    this.#attempt = attempt;
    this.#mean = mean;
    this.#faultIn = faultIn;
  }

  take(text: string, out: Piece<Value>[]): void {
    const body = parseObject(text);
    if (body === undefined) throw badResponse("bad_json", "sent no JSON object");
    const fault = this.#faultIn(body, this.#attempt);
    if (fault !== undefined) throw fault;
    const { value, usage } = this.#mean(body);
    this.model = textOf(body["model"]);
    out.push({ case: "value", value } as Piece<Value>);
    const finished = { finishReason: FinishReason.STOP, ...(usage === undefined ? {} : { usage }) };
    out.push({ case: "finished", value: create(StreamFinishedSchema, finished) });
  }
}
