/** How one attempt at a provider went, as the health of the provider sees it. */
export interface Observation {
  readonly failed: boolean;
  /** Name of the ErrorReason; empty when it did not fail. */
  readonly reason: string;
  /** From sending to first content; undefined when there was none. */
  readonly firstOutputMs: number | undefined;
}
