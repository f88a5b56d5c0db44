/** One server-sent event. */
export interface SentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** The events of a body, and how many comments stood between them. */
export function eventsIn(text: string): { readonly events: readonly SentEvent[]; readonly comments: number } {
  const blocks = text.split("\n\n");
  if (blocks.pop() !== "") throw new Error("the body ends in the midst of an event");
  const comments = blocks.filter((block) => block.startsWith(":")).length;
  const events = blocks
    .filter((block) => !block.startsWith(":"))
    .map((block) => {
      const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(": ")), line] as const));
      const value = (name: string) => fields.get(name)?.slice(name.length + 2) ?? "";
      return { event: value("event"), id: value("id"), data: value("data") };
    });
  return { events, comments };
}
