import type { WaitReason } from './waits.ts';

/** When an actor steps, and by which ε. Implementations: by the replay's ratio, in rounds. */
export interface Pace {
  /**
   * Why an actor that has done `steps` in all, and has so many slots now, may not go on, beside want of leases, weights and
   * room; null: it may.
   */
  waitReason(steps: number, slots: number): WaitReason | null;
  /** From now on, weights are played with that have so many updates behind them. */
  playsWith(updates: number): void;
  /** A slice of steps begins. */
  begin(steps: number, slots: number): void;
  /** All slots have done a step. @returns whether the slice may go on. */
  stepped(): boolean;
}
