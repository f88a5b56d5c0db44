import type { JsonObject } from "@bufbuild/protobuf";
import type { Chunk } from "../../model/chunk.ts";
import { objectOf } from "../field.ts";
import type { Answer } from "./answer.ts";

/** Adds an event of a streamed message to the answer. True: it was the last one of its message. */
export function takeEvent(answer: Answer, event: JsonObject, out: Chunk[]): boolean {
  const index = typeof event["index"] === "number" ? event["index"] : -1;
  switch (event["type"]) {
    case "content_block_delta":
      answer.growBlock(index, objectOf(event["delta"]) ?? {}, out);
      break;
    case "content_block_start":
      answer.startBlock(index, objectOf(event["content_block"]) ?? {}, out);
      break;
    case "content_block_stop":
      answer.stopBlock(index, out);
      break;
    case "message_start":
      answer.begin(objectOf(event["message"]) ?? {});
      answer.tellUsage(out);
      break;
    case "message_delta":
      answer.count(event["usage"]);
      answer.stop(objectOf(event["delta"]) ?? {});
      break;
    case "message_stop":
      return true;
    default:
  }
  return false;
}

/** Whether an event, or a whole answer, is an error in place of one. */
export function isError(event: JsonObject): boolean {
  return event["type"] === "error" || objectOf(event["error"]) !== undefined;
}
