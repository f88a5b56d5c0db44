import type { Draw } from "./rule.ts";
import type { Verdict } from "./verdict.ts";

/** A reservation that calls in every gateway, or every worker of one, are counted by. */
export interface SharedReservation {
  /** Unique; a call has one. */
  readonly id: string;
  readonly draws: readonly Draw[];
  /** How long units stay taken if nobody settles; 0 for reservations that nobody will. */
  readonly lifeMs: number;
}

/** Limits that are counted outside this process. What cannot be done soon is rejected. */
export interface SharedStore {
  /** False: it cannot be asked now, and each goes by its own share. */
  readonly isUp: boolean;
  /** Takes what every draw asks for, or nothing at all. */
  admit(reservation: SharedReservation): Promise<Verdict>;
  /** Takes what is missing, whether it is there or not. */
  raise(reservation: SharedReservation, units: readonly number[]): void;
  /** Says what a call used. @param unsure whether the reservation was ever made. */
  settle(reservation: SharedReservation, units: readonly number[], unsure: boolean): void;
}
