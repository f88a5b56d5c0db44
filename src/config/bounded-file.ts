import { constants, open } from "node:fs/promises";

/** Why a file cannot be used, without its path: paths may come from the environment. */
export class FileError extends Error {
  override readonly name = "FileError";
  /** Of the system call that failed, such as ENOENT; empty where the file could be opened. */
  readonly code: string;

  constructor(message: string, code = "") {
    super(message);
    this.code = code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "the file does not exist",
  EACCES: "the file may not be read by this user",
  EPERM: "the file may not be read by this user",
  EISDIR: "it is a directory, not a file",
  ENOTDIR: "a part of the path is no directory",
  ELOOP: "the path has too many symbolic links",
};

/**
 * Reads a regular file as UTF-8, through one open descriptor, so that a swap of links in between cannot mix two
 * versions. Rejects with a FileError, also when the file is larger than the limit or grows beyond it.
 */
export async function readBounded(path: string, bytesMax: number): Promise<string> {
  try {
    // Non-blocking, or opening a named pipe would wait for a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new FileError("it is not a regular file");
    const buffer = Buffer.alloc(bytesMax + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length > bytesMax) throw new FileError(`the file is larger than ${bytesMax} bytes`);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length));
  } catch (error) {
    throw error instanceof FileError ? error : fileErrorOf(error);
  }
}

function fileErrorOf(error: unknown): FileError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return new FileError("the file is not UTF-8 text");
  return new FileError(reasons[code] ?? `the file cannot be read (${code})`, code);
}
