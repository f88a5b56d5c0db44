import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";

/** Largest int32, the type of every count in Usage. */
const tokensMax = 2 ** 31 - 1;

/** A usage that can be trusted, and whether the given one could not. */
export interface ClampedUsage {
  readonly usage: Usage;
  readonly changed: boolean;
}

/**
 * Brings every count of a usage into whole numbers from 0 to the context window (0: unknown, then the largest int32) and
 * restores cache_read + cache_write ≤ input, cache_write_1h ≤ cache_write and reasoning ≤ output. Not a number becomes 0. The given usage is not
 * changed, and is given back itself when nothing was wrong.
 */
export function clampUsage(usage: Usage, contextWindow: number): ClampedUsage {
  const limit = contextWindow > 0 && contextWindow < tokensMax ? contextWindow : tokensMax;
  if (isSound(usage, limit)) return { usage, changed: false };
  const inputTokens = clamp(usage.inputTokens, limit);
  const outputTokens = clamp(usage.outputTokens, limit);
  const cacheReadTokens = clampKnown(usage.cacheReadTokens, inputTokens);
  const cacheWriteTokens = clampKnown(usage.cacheWriteTokens, inputTokens - (cacheReadTokens ?? 0));
  const clamped: Usage = {
    ...usage,
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: clampKnown(usage.cacheWrite1hTokens, cacheWriteTokens ?? 0),
    reasoningTokens: clampKnown(usage.reasoningTokens, outputTokens),
  };
  const detailsChanged = clampDetails(clamped);
  const changed = detailsChanged || differs(usage, clamped);
  return changed ? { usage: clamped, changed } : { usage, changed };
}

/** Nothing of the usage has to be looked at more closely. Hot path: most are so, and nothing is made for them. */
function isSound(usage: Usage, limit: number): boolean {
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0, cacheWrite1hTokens = 0 } = usage;
  const { reasoningTokens = 0, byModality, toolUses } = usage;
  if (byModality.length > 0) return false;
  for (const _tool in toolUses) return false;
  return (
    isCount(inputTokens, limit) &&
    isCount(outputTokens, limit) &&
    isCount(cacheReadTokens, inputTokens) &&
    isCount(cacheWriteTokens, inputTokens - cacheReadTokens) &&
    isCount(cacheWrite1hTokens, cacheWriteTokens) &&
    isCount(reasoningTokens, outputTokens)
  );
}

function isCount(count: number, limit: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= limit;
}

function clamp(count: number, limit: number): number {
  // Written so that NaN ends at 0.
  return count > 0 ? Math.min(Math.floor(count), limit) : 0;
}

function clampKnown(count: number | undefined, limit: number): number | undefined {
  return count === undefined ? undefined : clamp(count, limit);
}

function differs(a: Usage, b: Usage): boolean {
  return (
    a.inputTokens !== b.inputTokens ||
    a.outputTokens !== b.outputTokens ||
    a.cacheReadTokens !== b.cacheReadTokens ||
    a.cacheWriteTokens !== b.cacheWriteTokens ||
    a.cacheWrite1hTokens !== b.cacheWrite1hTokens ||
    a.reasoningTokens !== b.reasoningTokens
  );
}

/** The counts in lists, which are rarely there. True if one had to change. */
function clampDetails(usage: Usage): boolean {
  const { byModality, toolUses, inputTokens, outputTokens } = usage;
  const tools = Object.entries(toolUses);
  if (byModality.length === 0 && tools.length === 0) return false;
  usage.byModality = byModality.map((share) => ({
    ...share,
    inputTokens: clamp(share.inputTokens, inputTokens),
    outputTokens: clamp(share.outputTokens, outputTokens),
  }));
  usage.toolUses = Object.fromEntries(tools.map(([tool, uses]) => [tool, clamp(uses, tokensMax)]));
  const shareChanged = usage.byModality.some(
    (share, i) =>
      share.inputTokens !== byModality[i]?.inputTokens || share.outputTokens !== byModality[i]?.outputTokens,
  );
  return shareChanged || Object.entries(usage.toolUses).some(([tool, uses]) => uses !== toolUses[tool]);
}
