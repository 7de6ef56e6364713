import type { FleetTotals } from '@qfleet/metrics';

/** Why an actor stands still. */
export type WaitReason = 'lease' | 'weights' | 'ratio' | 'round' | 'redis';

/** Seconds that an actor stood still, by reason. */
export class Waits {
  readonly #seconds: Record<WaitReason, number> = { lease: 0, weights: 0, ratio: 0, round: 0, redis: 0 };

  add(reason: WaitReason, seconds: number): void {
    this.#seconds[reason] += seconds;
  }

  totals(): Partial<FleetTotals> {
    const { lease, weights, ratio, round, redis } = this.#seconds;
    return {
      actorWaitLeaseSeconds: lease,
      actorWaitWeightsSeconds: weights,
      actorWaitRatioSeconds: ratio,
      actorWaitRoundSeconds: round,
      actorWaitRedisSeconds: redis,
    };
  }
}
