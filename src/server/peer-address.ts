/** Address of the other end of a connection; empty once that is gone, which HTTP/2 tells by an exception. */
export function peerAddressOf(connection: () => { readonly remoteAddress?: string | undefined } | undefined): string {
  try {
    return connection()?.remoteAddress ?? "";
  } catch {
    return "";
  }
}
