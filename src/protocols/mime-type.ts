/** Type by ending of a file name, for callers who give no mime_type. */
const byEnding: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["heic", "image/heic"],
  ["heif", "image/heif"],
  ["avif", "image/avif"],
  ["bmp", "image/bmp"],
  ["tif", "image/tiff"],
  ["tiff", "image/tiff"],
  ["svg", "image/svg+xml"],
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
  ["aac", "audio/aac"],
  ["aiff", "audio/aiff"],
  ["flac", "audio/flac"],
  ["m4a", "audio/mp4"],
  ["ogg", "audio/ogg"],
  ["opus", "audio/opus"],
  ["mp4", "video/mp4"],
  ["mov", "video/quicktime"],
  ["mkv", "video/x-matroska"],
  ["webm", "video/webm"],
  ["mpg", "video/mpeg"],
  ["mpeg", "video/mpeg"],
  ["flv", "video/x-flv"],
  ["wmv", "video/x-ms-wmv"],
  ["3gp", "video/3gpp"],
  ["pdf", "application/pdf"],
  ["doc", "application/msword"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xls", "application/vnd.ms-excel"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["htm", "text/html"],
  ["xml", "application/xml"],
  ["json", "application/json"],
]);

/** First 16 bytes of the types that begin with something of their own, in hexadecimal. */
const byHead: readonly (readonly [RegExp, string])[] = [
  [/^89504e47/, "image/png"],
  [/^ffd8ff/, "image/jpeg"],
  [/^47494638/, "image/gif"],
  [/^52494646.{8}57454250/, "image/webp"],
  [/^.{8}6674797061766966/, "image/avif"],
  [/^.{8}667479706865696[36]/, "image/heic"],
  [/^52494646.{8}57415645/, "audio/wav"],
  [/^494433|^fff[ab23]/, "audio/mpeg"],
  [/^664c6143/, "audio/flac"],
  [/^4f676753/, "audio/ogg"],
  [/^.{8}667479704d3441/, "audio/mp4"],
  [/^.{8}667479707174/, "video/quicktime"],
  [/^.{8}66747970/, "video/mp4"],
  [/^1a45dfa3/, "video/webm"],
  [/^25504446/, "application/pdf"],
];

/** Other names of the same types. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["image/jpg", "image/jpeg"],
  ["audio/x-wav", "audio/wav"],
  ["audio/wave", "audio/wav"],
  ["audio/vnd.wave", "audio/wav"],
  ["audio/mp3", "audio/mpeg"],
  ["audio/x-m4a", "audio/mp4"],
  ["audio/m4a", "audio/mp4"],
  ["audio/x-flac", "audio/flac"],
  ["application/x-pdf", "application/pdf"],
]);

/** Bytes that `sniff` looks at. */
export const headBytes = 16;

/** The usual name of a type, without parameters and in lower case. */
export function bareType(mimeType: string): string {
  const bare = mimeType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return aliases.get(bare) ?? bare;
}

/** The type that the ending of a file name or path stands for; empty for endings that are not known. */
export function typeOfName(name: string): string {
  return byEnding.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? "";
}

/** The type that content shows by how it begins; empty for text and all that begins with nothing of its own. */
export function sniff(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString("hex");
  return byHead.find(([signature]) => signature.test(head))?.[1] ?? "";
}
