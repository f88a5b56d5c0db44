/** Which calls are refused when there are too many. */
export interface OverloadConfig {
  readonly enabled: boolean;
  /** In flight, at most and at least. */
  readonly callsMax: number;
  readonly callsMin: number;
  /** Lateness of the event loop above which calls are too many. */
  readonly lateMs: number;
  readonly queueMax: number;
  /** Longest wait to be let in. */
  readonly waitMsMax: number;
  /** For calls at once to one target. */
  readonly targets: {
    readonly adaptive: boolean;
    readonly callsMin: number;
    readonly callsMax: number;
    readonly queueMax: number;
    readonly waitMsMax: number;
  };
  readonly memory: {
    /** Undefined: what the control group allows. */
    readonly limitBytes: number | undefined;
    /** Parts of the limit. */
    readonly shedAbove: number;
    readonly resetAbove: number;
  };
}
