import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";

const pack = promisify(gzip);
/** Shorter texts gain less than the work costs. */
const bytesMin = 4096;
/** A third of the time of the default, and a few percent larger. */
const level = constants.Z_BEST_SPEED + 2;

/** A text as gzip, made on another thread; undefined, and at once, where the caller does not read that or the text is short. */
export function compressed(text: string, accepted: string | string[] | undefined): Promise<Buffer> | undefined {
  if (text.length < bytesMin || typeof accepted !== "string" || !acceptsGzip(accepted)) return undefined;
  return pack(text, { level });
}

/** RFC 9110, 12.5.3: "*" stands for every coding that is not named. */
function acceptsGzip(accepted: string): boolean {
  const weights = new Map(
    accepted.split(",").map((entry) => {
      const [coding = "", ...parameters] = entry
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const weight = parameters.find((parameter) => parameter.startsWith("q="));
      return [coding, weight === undefined ? 1 : Number(weight.slice(2))] as const;
    }),
  );
  return (weights.get("gzip") ?? weights.get("*") ?? 0) > 0;
}
