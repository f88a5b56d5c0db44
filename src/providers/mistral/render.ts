import type { CompleteRequest } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import type { Target } from "../../model/target.ts";
import { idDigest } from "../../protocols/call-ids.ts";
import { markBegun } from "../../protocols/chat-completions/begun-answer.ts";
import type { LossReport } from "../../protocols/chat-completions/loss-report.ts";
import { renderVariant, type Setting } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody, ChatMessage, ChatPart } from "../../protocols/chat-completions/wire.ts";
import { objectOf } from "../../protocols/field.ts";
import { withCallIds } from "../call-ids.ts";

const temperatureMax = 1.5;
const callIdChars = 9;

const render = renderVariant({
  names: { seed: "random_seed" },
  lacks,
  lacksNames: true,
  efforts,
  adapt,
  finish,
});

/**
 * The request as Mistral takes it: docs.mistral.ai/api, whose schema allows no field that it does not know. Usage comes with
 * every stream unasked.
 */
export function renderMistral(attempt: Attempt): Rendered<ChatBody> {
  const rendered = render(attempt);
  const { stream_options, ...body } = rendered.body;
  return { ...rendered, body: body as ChatBody };
}

/** A seed must not be negative here. */
function lacks(_: Target, { seed = 0 }: CompleteRequest): readonly Setting[] {
  return ["topLogprobs", "serviceTier", "endUserId", ...(seed < 0 ? (["seed"] as const) : [])];
}

/** docs.mistral.ai, "Reasoning": Large 4 has levels, the others are switched on or off. */
function efforts({ model }: Target): readonly string[] {
  return /^mistral-large-(4|latest)/.test(model) ? ["none", "low", "medium", "high"] : ["none", "high"];
}

function adapt(request: CompleteRequest, losses: LossReport): CompleteRequest {
  const { temperature, messages } = request;
  const fitted = { ...request, messages: messages.map((message) => withCallIds(message, fitId)) };
  if (temperature !== undefined && temperature > temperatureMax) {
    fitted.temperature = temperatureMax;
    losses.changed("temperature", `the highest that the provider takes is ${temperatureMax}`);
  }
  return fitted;
}

/** Ids of calls have exactly nine letters and digits; those of other providers have not. */
function fitId(id: string): string {
  return /^[A-Za-z0-9]{9}$/.test(id) ? id : idDigest(id, callIdChars);
}

function finish(body: ChatBody): ChatBody {
  return markBegun({ ...body, messages: body.messages.map(fitMessage) });
}

function fitMessage(message: ChatMessage): ChatMessage {
  if (message.role === "assistant" || typeof message.content === "string") return message;
  return { ...message, content: message.content.map(fitPart) };
}

/** Files and sound in the forms of this provider. */
function fitPart(part: ChatPart): ChatPart {
  if (part.type === "file") {
    const { file_id, file_data, filename } = objectOf(part["file"]) ?? {};
    if (typeof file_id === "string") return { type: "file", file_id };
    if (typeof file_data !== "string") return part;
    return {
      type: "document_url",
      document_url: file_data,
      ...(filename === undefined ? {} : { document_name: filename }),
    };
  }
  if (part.type !== "input_audio") return part;
  const { data } = objectOf(part["input_audio"]) ?? {};
  return data === undefined ? part : { type: "input_audio", input_audio: data };
}
