import type { InfoNumbers } from '@qfleet/envs';
import { returnBucket } from '@qfleet/metrics';

/** A finished training episode. */
export interface FinishedEpisode {
  /** Undiscounted sum of its rewards. */
  readonly return: number;
  readonly epsilon: number;
  /** Numbers that its environment told in `info`; left out: none. */
  readonly info?: InfoNumbers;
}

/** What an actor tells of the episodes that it finished since its last report. */
export interface EpisodeReport {
  /** How many: one at least. */
  readonly episodes: number;
  readonly meanReturn: number;
  /** Sum of the squared distances of the returns from their mean. */
  readonly returnSquares: number;
  readonly meanEpsilon: number;
  /** By name, how many of them told a number, and the mean; left out: none did. */
  readonly info?: Readonly<Record<string, readonly [episodes: number, mean: number]>>;
  /** Bucket of the return (`returnBucket`) and episodes in it. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** Sums finished episodes up. Its size does not grow with them, however long nobody takes the sum. */
export class EpisodeTally {
  #episodes = 0;
  #meanReturn = 0;
  #returnSquares = 0;
  #epsilons = 0;
  readonly #buckets = new Map<number, number>();
  /** By name, how many told a number, and the sum. */
  readonly #infos = new Map<string, { episodes: number; sum: number }>();

  get isEmpty(): boolean {
    return this.#episodes === 0;
  }

  add(episode: FinishedEpisode): void {
    const apart = episode.return - this.#meanReturn;
    this.#episodes++;
    this.#meanReturn += apart / this.#episodes;
    this.#returnSquares += apart * (episode.return - this.#meanReturn);
    this.#epsilons += episode.epsilon;
    const bucket = returnBucket(episode.return);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    if (episode.info !== undefined) this.#addInfo(episode.info);
  }

  #addInfo(info: InfoNumbers): void {
    for (const [name, value] of Object.entries(info)) {
      const { episodes, sum } = this.#infos.get(name) ?? { episodes: 0, sum: 0 };
      this.#infos.set(name, { episodes: episodes + 1, sum: sum + value });
    }
  }

  /** The report of what was added since the last call; null: nothing was. */
  take(): EpisodeReport | null {
    if (this.isEmpty) return null;
    const report = {
      episodes: this.#episodes,
      meanReturn: this.#meanReturn,
      returnSquares: this.#returnSquares,
      meanEpsilon: this.#epsilons / this.#episodes,
      buckets: [...this.#buckets],
      ...(this.#infos.size === 0 ? {} : { info: this.#takeInfo() }),
    };
    this.#episodes = this.#meanReturn = this.#returnSquares = this.#epsilons = 0;
    this.#buckets.clear();

    return report;
  }

  #takeInfo(): NonNullable<EpisodeReport['info']> {
    const info = Object.fromEntries(
      Array.from(this.#infos, ([name, { episodes, sum }]) => [name, [episodes, sum / episodes] as const]),
    );
    this.#infos.clear();
    return info;
  }
}
