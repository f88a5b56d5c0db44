import * as v from "valibot";
import { described, named, whole } from "../field.ts";

const functionCall = { name: v.string(), arguments: described(v.string(), "JSON text, as the model wrote it.") };

const echo = v.optional(
  described(
    v.object({ llmhub: v.object({ provider: v.string(), signature: v.string() }) }),
    "What the provider wants back in the next turn: send it with the call.",
  ),
);

const detail = named(
  "ReasoningDetail",
  "Signed or encrypted reasoning, which the provider wants back: send it with the message.",
  v.object({
    type: v.picklist(["reasoning.text", "reasoning.summary", "reasoning.encrypted"]),
    text: v.optional(v.string()),
    summary: v.optional(v.string()),
    data: v.optional(v.string()),
    signature: v.optional(v.string()),
    provider: v.optional(v.string()),
  }),
);

const annotation = v.object({
  type: v.literal("url_citation"),
  url_citation: v.object({ start_index: whole, end_index: whole, title: v.string(), url: v.string() }),
});

const image = v.object({
  type: v.literal("image_url"),
  image_url: v.object({ url: described(v.string(), "A data: URI.") }),
});

const audio = v.object({
  id: described(v.string(), "Send it with the message in the next turn, instead of the sound."),
  data: described(v.string(), "Base64."),
  expires_at: described(whole, "0: it is the provider's to say."),
  transcript: v.string(),
});

/** What a whole message and a piece of one can both say. */
const said = {
  reasoning_content: v.optional(described(v.string(), "What the model thought, where it shows that.")),
  reasoning_details: v.optional(v.array(detail)),
  annotations: v.optional(described(v.array(annotation), "Sources on the web.")),
  images: v.optional(described(v.array(image), "Pictures that the model made.")),
  audio: v.optional(described(audio, "Sound that the model made. Its words are in content, too.")),
};

const tokenFields = { token: v.string(), logprob: v.number(), bytes: v.array(whole) };

/** How likely a token was, and what else might have stood in its place. */
export const logprob = named(
  "TokenLogprob",
  "A token with its alternatives.",
  v.object({ ...tokenFields, top_logprobs: v.array(v.object(tokenFields)) }),
);

const logprobs = v.nullable(v.object({ content: v.array(logprob), refusal: v.null() }));

const finishReason = v.picklist(["stop", "length", "tool_calls", "content_filter"]);
const native = described(v.string(), "Why the model stopped, in the words of its provider.");

const usage = named(
  "ChatUsage",
  "Tokens, summed over the choices.",
  v.object({
    prompt_tokens: whole,
    completion_tokens: whole,
    total_tokens: whole,
    prompt_tokens_details: v.object({ cached_tokens: whole, cache_write_tokens: v.optional(whole) }),
    completion_tokens_details: v.object({ reasoning_tokens: whole }),
  }),
);

const facts = {
  id: v.string(),
  created: described(whole, "Seconds since 1970."),
  model: described(v.string(), "The model that answered."),
};

/** A whole answer of OpenAI's chat completions. */
export const chatAnswer = named(
  "ChatCompletion",
  "The whole answer.",
  v.object({
    ...facts,
    object: v.literal("chat.completion"),
    choices: v.array(
      v.object({
        index: whole,
        message: v.object({
          role: v.literal("assistant"),
          content: v.nullable(v.string()),
          refusal: v.nullable(v.string()),
          ...said,
          tool_calls: v.optional(
            v.array(
              v.object({
                id: v.string(),
                type: v.literal("function"),
                function: v.object(functionCall),
                extra_content: echo,
              }),
            ),
          ),
        }),
        logprobs,
        finish_reason: finishReason,
        native_finish_reason: native,
      }),
    ),
    usage,
    service_tier: v.optional(v.string()),
  }),
);

/** The data of an event of a stream of them. */
export const chatChunk = named(
  "ChatCompletionChunk",
  "A piece of the answer.",
  v.object({
    ...facts,
    object: v.literal("chat.completion.chunk"),
    choices: v.array(
      v.object({
        index: whole,
        delta: v.object({
          role: v.optional(v.literal("assistant")),
          content: v.optional(v.nullable(v.string())),
          refusal: v.optional(v.nullable(v.string())),
          ...said,
          tool_calls: v.optional(
            v.array(
              v.object({
                index: whole,
                id: v.optional(v.string()),
                type: v.optional(v.literal("function")),
                function: v.optional(v.partial(v.object(functionCall))),
                extra_content: echo,
              }),
            ),
          ),
        }),
        logprobs,
        finish_reason: v.nullable(finishReason),
        native_finish_reason: v.optional(native),
      }),
    ),
    usage: v.optional(described(v.nullable(usage), "In the last piece, if include_usage asks for it.")),
  }),
);

/** What an error of OpenAI's API says, wherever it stands. */
export const openaiErrorFields = {
  message: v.string(),
  param: described(v.nullable(v.string()), "Path of the field that is wrong."),
  code: v.nullable(v.string()),
  reason: described(v.string(), "The reason in the gateway's own words: the table of errors has them all."),
};

/** An error, also the data of the last event of a stream that breaks. */
export const chatError = named(
  "OpenAIError",
  "An error in the form of OpenAI's API.",
  v.object({ error: v.object({ type: v.string(), ...openaiErrorFields }) }),
);
