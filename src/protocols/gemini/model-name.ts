/** The path of an operation on a model. The name comes from a caller: what it holds of "/" leads nowhere else. */
export function modelPath(model: string, operation: string): string {
  return `/models/${encodeURIComponent(model).replaceAll("%40", "@").replaceAll("%3A", ":")}:${operation}`;
}

/**
 * Major version of a Gemini model: 2 for "gemini-2.5-pro". "gemini-flash-latest" counts as 3, because names without a
 * version lead to the newest. Undefined for models of another line, and for names that do not tell.
 */
export function generationOf(model: string): number | undefined {
  const version = /gemini-(\d+)/.exec(model)?.[1];
  if (version !== undefined) return Number(version);
  return /gemini-.*latest/.test(model) ? 3 : undefined;
}
