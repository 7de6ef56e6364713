import type { ReplayStanding } from './store/store.ts';

export interface SampleToInsertOptions {
  /** Transitions inserted before the first sample. */
  readonly minSize: number;
  /** How often each transition is sampled, on average. */
  readonly samplesPerInsert: number;
  /**
   * How far the samples may be off `samplesPerInsert × inserted` either way, in samples. At least the samples of a
   * call and those that an append allows for: below that both sides could wait for each other.
   */
  readonly errorBuffer: number;
}

/**
 * Holds the ratio of samples to inserts from both sides, as Reverb's `SampleToInsertRatio` does (Cassirer et al.,
 * "Reverb: a framework for experience replay", 2021, section 3.3): with d = samplesPerInsert × inserted − sampled,
 * writers go on while d ≤ offset + errorBuffer and the sampler while d ≥ offset − errorBuffer, where the offset is
 * samplesPerInsert × minSize. Counts are transitions. All methods are pure functions of a standing.
 */
export class SampleToInsertLimiter {
  readonly #options: SampleToInsertOptions;
  readonly #smallest: number;
  readonly #largest: number;

  constructor(options: SampleToInsertOptions) {
    const { minSize, samplesPerInsert, errorBuffer } = options;
    if (!(minSize >= 1)) throw new RangeError(`minSize is at least 1, not ${minSize}.`);
    if (!(samplesPerInsert > 0))
      throw new RangeError(`samplesPerInsert is above 0, not ${samplesPerInsert}.`);
    if (!(errorBuffer >= 0)) throw new RangeError(`errorBuffer is at least 0, not ${errorBuffer}.`);
    this.#options = options;
    this.#smallest = samplesPerInsert * minSize - errorBuffer;
    this.#largest = samplesPerInsert * minSize + errorBuffer;
  }

  /** Whether a writer may insert more transitions now. */
  mayInsert(standing: ReplayStanding): boolean {
    return this.samplesBeforeInsert(standing) === 0;
  }

  /** Whether `transitions` may be sampled now. */
  maySample(standing: ReplayStanding, transitions: number): boolean {
    return this.insertsBeforeSample(standing, transitions) === 0;
  }

  /** How many transitions have to be sampled before a writer may insert again: 0 when it may now. */
  samplesBeforeInsert({ insertedTotal, sampledTotal }: ReplayStanding): number {
    const { minSize, samplesPerInsert } = this.#options;
    if (insertedTotal < minSize) return 0;
    return Math.max(0, Math.ceil(insertedTotal * samplesPerInsert - sampledTotal - this.#largest));
  }

  /** How many transitions have to be inserted before `transitions` may be sampled: 0 when they may now. */
  insertsBeforeSample({ insertedTotal, sampledTotal }: ReplayStanding, transitions: number): number {
    const { minSize, samplesPerInsert } = this.#options;
    const needed = (this.#smallest + sampledTotal + transitions) / samplesPerInsert;
    return Math.max(0, Math.ceil(Math.max(minSize, needed) - insertedTotal));
  }
}
