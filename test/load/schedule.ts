/** Calls that arrive evenly for a while, whatever becomes of those before. */
export interface Phase {
  readonly perSecond: number;
  readonly durationMs: number;
}

/** Phases one after another, as a timetable. */
export class Schedule {
  readonly durationMs: number;
  readonly #phases: readonly Phase[];

  constructor(phases: readonly Phase[]) {
    this.#phases = phases;
    this.durationMs = phases.reduce((sum, { durationMs }) => sum + durationMs, 0);
  }

  /** How many calls should have been made by this time since the start. */
  dueBy(elapsedMs: number): number {
    let due = 0;
    let leftMs = elapsedMs;
    for (const { perSecond, durationMs } of this.#phases) {
      due += Math.floor((perSecond * Math.max(0, Math.min(leftMs, durationMs))) / 1000);
      leftMs -= durationMs;
    }
    return due;
  }

  /** Since when the phase of this time has run. */
  phaseStartMs(elapsedMs: number): number {
    let startMs = 0;
    for (const { durationMs } of this.#phases) {
      if (elapsedMs < startMs + durationMs) return startMs;
      startMs += durationMs;
    }
    return startMs;
  }
}
