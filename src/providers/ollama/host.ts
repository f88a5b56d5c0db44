/** Where the server listens unless it is told otherwise. */
const portDefault = "11434";
/** Addresses that a server listens on and that no client can connect to, with those that it can. */
const loopbacks: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["[::]", "[::1]"],
]);

/**
 * The address of a server out of the forms that its variable OLLAMA_HOST has: a host, a host and port, a port alone, a URL.
 * The port is 11434 where there is no scheme, and that of the scheme where there is one, as the server itself reads it.
 * Undefined for what is no address.
 */
export function addressOf(host: string | undefined): string | undefined {
  const text = (host ?? "").trim().replace(/^["']|["']$/g, "");
  if (text === "ollama.com") return "https://ollama.com";
  const hasScheme = /^https?:\/\//i.test(text);
  if (!hasScheme && text.includes("://")) return undefined;
  const url = URL.parse(hasScheme ? text : `http://${bracketed(text)}`);
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return undefined;
  const hostname = loopbacks.get(url.hostname) ?? url.hostname;
  const port = hasScheme || /:80$/.test(text.replace(/\/.*$/, "")) ? url.port : url.port || portDefault;
  return `${url.protocol}//${hostname}${port === "" ? "" : `:${port}`}${url.pathname.replace(/\/+$/, "")}`;
}

/** With the brackets that an IPv6 address needs in a URL, and with a host where there is only a port. */
function bracketed(text: string): string {
  if (text === "" || (text.startsWith(":") && !text.startsWith("::"))) return `127.0.0.1${text}`;
  return /^[\da-f]*:[\da-f:.]*:[\da-f:.]*$/i.test(text) ? `[${text}]` : text;
}
