import { FileError, readBounded } from "../config/bounded-file.ts";
import { badCredential, type Source } from "./fault.ts";

/** Largest file with a token: those of Kubernetes have about one kilobyte. */
const fileBytesMax = 64 * 1024;

/**
 * Reads a file that holds a token, or a JSON text with one, as somebody renews it: anew for each use. Rejects with
 * PROVIDER_CREDENTIAL_INVALID, without the path.
 */
export async function readTokenFile(path: string, what: string, source: Source): Promise<string> {
  try {
    return await readBounded(path, fileBytesMax);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw badCredential(source, `${what} cannot be used: ${error.message}`);
  }
}
