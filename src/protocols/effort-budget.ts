/** Tokens of thinking for each level of effort, least first, for models that know budgets only. */
export const effortBudgets: ReadonlyMap<string, number> = new Map([
  ["minimal", 1024],
  ["low", 2048],
  ["medium", 8192],
  ["high", 16_384],
  ["xhigh", 24_576],
  ["max", 32_768],
]);
