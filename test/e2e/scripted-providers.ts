import type { ProviderSection } from "../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";
import { chat } from "./faults/dialects.ts";

/** What a provider does with a request; requests are counted from 1. */
export type Answer = (connection: UpstreamConnection, hit: number) => Promise<void> | void;

/** Answers with a whole text. */
export const well: Answer = (connection) => connection.respond(200, chat.whole("Hello"));

/** Refuses. */
export const failing =
  (status: number, headers = {}): Answer =>
  (connection) =>
    connection.respond(status, "{}", headers);

/** Providers that answer so, by their ids. @param moreOf what else their sections say. */
export async function scriptedProviders(
  answers: Readonly<Record<string, Answer>>,
  moreOf: (id: string) => Partial<ProviderSection> | undefined,
) {
  const upstreams = new Map<string, ScriptedUpstream>();
  const providers: Record<string, ProviderSection> = {};
  for (const [id, answer] of Object.entries(answers)) {
    const upstream = await ScriptedUpstream.start(async (connection) => {
      for (;;) {
        await connection.request();
        await answer(connection, upstream.requests.length);
      }
    });
    upstreams.set(id, upstream);
    providers[id] = { kind: chat.kind, baseUrl: `${upstream.url}/v1`, ...moreOf(id) };
  }
  return { upstreams, providers };
}
