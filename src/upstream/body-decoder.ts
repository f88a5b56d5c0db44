import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { GatewayError } from "../model/error.ts";

/** What a stage of decoding looks like: a zlib stream. */
type Stage = ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>;

const stages: ReadonlyMap<string, () => Stage> = new Map<string, () => Stage>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

/** Most codings one on top of the other: servers use one, bombs use many. */
const codingsMax = 2;

/** Called with plain bytes, once at the end, or once with the failure. */
export interface PlainSink {
  data(bytes: Buffer): void;
  end(): void;
  fail(error: GatewayError): void;
}

/**
 * Undoes what the header content-encoding of an answer says. The gateway asks for none, but some servers compress all the same. Undefined when
 * there is nothing to undo. Throws PROVIDER_BAD_RESPONSE for codings that are unknown or too many.
 */
export function bodyDecoder(value: string | readonly string[], sink: PlainSink): BodyDecoder | undefined {
  const codings = String(value)
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length === 0) return undefined;
  if (codings.length > codingsMax) throw badEncoding(`${codings.length} content codings, above ${codingsMax}`);
  const made = codings.reverse().map((coding) => {
    const stage = stages.get(coding);
    if (stage === undefined) throw badEncoding("an unknown content coding");
    return stage();
  });
  return new BodyDecoder(made, sink);
}

/** A chain of decompressors. The sink sees no more after its end, its failure, or `destroy`. */
export class BodyDecoder {
  readonly #stages: readonly Stage[];

  constructor(made: readonly Stage[], sink: PlainSink) {
    this.#stages = made;
    made.forEach((stage, index) => {
      const next = made[index + 1];
      stage.on("error", () => {
        this.destroy();
        sink.fail(badEncoding("a body that cannot be decompressed"));
      });
      if (next !== undefined) stage.pipe(next);
    });
    const last = made[made.length - 1];
    last?.on("data", (bytes: Buffer) => sink.data(bytes));
    last?.on("end", () => sink.end());
  }

  /** False: stop feeding until `drained` calls back. */
  write(bytes: Buffer): boolean {
    return this.#stages[0]?.write(bytes) ?? true;
  }

  /** Calls back once when more can be written. */
  drained(callback: () => void): void {
    this.#stages[0]?.once("drain", callback);
  }

  end(): void {
    this.#stages[0]?.end();
  }

  pause(): void {
    this.#stages.at(-1)?.pause();
  }

  resume(): void {
    this.#stages.at(-1)?.resume();
  }

  destroy(): void {
    for (const stage of this.#stages) stage.destroy();
  }
}

function badEncoding(what: string): GatewayError {
  return new GatewayError("PROVIDER_BAD_RESPONSE", `the provider sent ${what}`, {
    metadata: { cause: "content_encoding" },
  });
}
