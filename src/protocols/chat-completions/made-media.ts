import { create } from "@bufbuild/protobuf";
import { ContentPartSchema, type MediaPart, MediaPartSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse } from "../bad-response.ts";
import { pieceOf, textOf } from "../field.ts";
import { bytesOf, mimeTypeOf } from "../media-source.ts";
import { sniff } from "../mime-type.ts";
import type { PartWriter } from "../part-writer.ts";
import { echoSignature } from "./echo.ts";
import { type ChatSaying, isObject } from "./wire.ts";

/** Bytes of sound in one answer at most: more than an hour of what is not compressed. */
const soundBytesMax = 256 * 1024 * 1024;

/** Value of the signature of a picture that its server made, and wants back in the field of this name. */
export const picturesField = "images";

/**
 * What a model made besides text: sound, at OpenAI, whole or in pieces, with its words as text beside it; and pictures, at
 * OpenRouter, each of them whole.
 */
export class MadeMedia {
  readonly #provider: string;
  readonly #writer: PartWriter;
  readonly #sound: Buffer[] = [];
  #soundBytes = 0;
  #soundId = "";

  constructor(provider: string, writer: PartWriter) {
    this.#provider = provider;
    this.#writer = writer;
  }

  /** Takes what one piece of an answer brings. */
  take({ audio, images }: Pick<ChatSaying, "audio" | "images">, out: Chunk[]): void {
    if (isObject<{ id?: unknown; data?: unknown; transcript?: unknown }>(audio)) {
      this.#soundId = textOf(audio.id) || this.#soundId;
      this.#hear(pieceOf(audio.data));
      this.#writer.text("text", pieceOf(audio.transcript), out);
    }
    if (Array.isArray(images)) for (const image of images) this.#see(image, out);
  }

  /** Appends the sound when all of it is there. */
  finish(out: Chunk[]): void {
    if (this.#soundBytes === 0) return;
    const data = new Uint8Array(Buffer.concat(this.#sound));
    // Streams bring samples without a head.
    const media = create(MediaPartSchema, {
      source: { case: "data", value: data },
      mimeType: sniff(data) || "audio/pcm",
    });
    this.#write(media, echoSignature({ audio: { id: this.#soundId } }, this.#provider).value, out);
  }

  #hear(data: string): void {
    if (data === "") return;
    const piece = Buffer.from(data, "base64");
    this.#soundBytes += piece.length;
    if (this.#soundBytes > soundBytesMax)
      throw badResponse("sound_limit", `sent more than ${soundBytesMax} bytes of sound`);
    this.#sound.push(piece);
  }

  #see(image: unknown, out: Chunk[]): void {
    const { image_url } = isObject<{ image_url?: unknown }>(image) ? image : {};
    const url = isObject<{ url?: unknown }>(image_url) ? textOf(image_url.url) : "";
    if (url === "") return;
    const named = create(MediaPartSchema, { source: { case: "uri", value: url } });
    const data = bytesOf(named);
    const mimeType = mimeTypeOf(named);
    const media =
      data === undefined ? named : create(MediaPartSchema, { source: { case: "data", value: data }, mimeType });
    this.#write(media, picturesField, out);
  }

  #write(value: MediaPart, signature: string, out: Chunk[]): void {
    const part = { case: "media" as const, value };
    this.#writer.whole(
      create(ContentPartSchema, { part, signature: { provider: this.#provider, value: signature } }),
      out,
    );
  }
}
