import { type Simulator, startSimulator } from "../../src/simulator/server.ts";

/** An answer read to its end. */
export interface Reading {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A simulator without waits, whose clock stands at 1,700,000,000 seconds. */
export function startFast(): Promise<Simulator> {
  return startSimulator({ firstTokenMs: 0, tokenMs: 0, now: () => 1_700_000_000_000 });
}

/** Sends a body as JSON, or as it is if it is a string. */
export async function post(
  simulator: Simulator,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reading> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(simulator.url + path, { method: "POST", body: text, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The JSON of each data line of an event stream, without the end marker. */
export function events(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json = ""]) => JSON.parse(json));
}
