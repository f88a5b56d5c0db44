import type { Config } from "../config/schema.ts";
import type { Gateway } from "../gateway.ts";

/** What a person reads when the gateway has started: what runs where, and lines to paste. */
export function welcome(
  { server, auth, providers }: Config,
  gateway: Pick<Gateway, "address" | "httpAddress" | "opsAddress" | "summary">,
): string {
  const scheme = server.tls === undefined ? "http" : "https";
  const address = reachable(gateway.address);
  const withKey = auth.mode === "keys";
  const target = address === "127.0.0.1:50051" && scheme === "http" ? "" : `--address ${scheme}://${address} `;
  const ask = `${withKey ? "LLMHUB_API_KEY=… " : ""}npm run ask -- ${target}"Say hi"`;
  const grpcurl = [
    "grpcurl",
    ...(scheme === "http" ? ["-plaintext"] : []),
    ...(withKey ? ['-H "authorization: Bearer $LLMHUB_API_KEY"'] : []),
    `-d '{"request":{"input":"Say hi"}}' ${address} llmhub.v1.CompletionService/StreamComplete`,
  ].join(" ");
  const lines = [
    "LLM Connector Hub is ready.",
    `  calls       ${gateway.address} (gRPC${scheme === "https" ? ", TLS" : ""})`,
    ...(gateway.httpAddress === undefined
      ? []
      : [`  http        ${scheme}://${reachable(gateway.httpAddress)}/v1 (OpenAI's clients; Anthropic's without /v1)`]),
    `  operations  http://${gateway.opsAddress}/livez, /readyz, /metrics`,
    `  auth        ${withKey ? `API keys (${auth.keys.length})` : "off: open to this machine"}`,
    `  providers   ${providers.map(({ id }) => id).join(", ")}`,
    ...gateway.summary.map((line) => `  ${line}`),
    "",
    "Try:",
    `  ${ask}`,
    ...(server.reflection ? [`  ${grpcurl}`] : []),
  ];
  return `${lines.join("\n")}\n\n`;
}

/** An address to call where the gateway listens on all of them. */
function reachable(address: string): string {
  return address.replace(/^(?:0\.0\.0\.0|\[::\]|::):/, "127.0.0.1:");
}
