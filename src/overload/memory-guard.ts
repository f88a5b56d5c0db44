/** What the guard looks at, in bytes. */
export interface MemoryReading {
  /** Memory of the process. */
  readonly residentBytes: number;
  /** What the process may have; Infinity: nothing says so. */
  readonly limitBytes: number;
  /** Of the heap of JavaScript, which has a limit of its own. */
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
}

/** What an operator decides about memory, in parts of the limit. */
export interface MemoryRules {
  readonly shedAbove: number;
  readonly resetAbove: number;
}

/** shed: new calls are refused. reset: those that hold the most are ended, too. */
export type MemoryState = "fine" | "shed" | "reset";

/** So far below its threshold memory has to fall for a state to end, in parts of the limit. */
const hysteresis = 0.05;

/** Part of the memory that is used: of the process, or of the heap if that is fuller. */
export function usedPart(reading: MemoryReading): number {
  const { residentBytes, limitBytes, heapUsedBytes, heapLimitBytes } = reading;
  return Math.max(residentBytes / limitBytes, heapUsedBytes / heapLimitBytes);
}

/** Says what the use of memory calls for. */
export class MemoryGuard {
  readonly #rules: () => MemoryRules;
  state: MemoryState = "fine";

  constructor(rules: () => MemoryRules) {
    this.#rules = rules;
  }

  /** Takes note of how much is used, in parts of the limit, and gives the state from now on. */
  looked(used: number): MemoryState {
    const { shedAbove, resetAbove } = this.#rules();
    if (used > resetAbove) this.state = "reset";
    else if (used > shedAbove) this.state = this.state === "reset" && used > resetAbove - hysteresis ? "reset" : "shed";
    else if (used <= shedAbove - hysteresis) this.state = "fine";
    else if (this.state === "reset") this.state = "shed";
    return this.state;
  }
}
