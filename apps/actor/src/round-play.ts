import type { Layout, OpenChunk } from '@qfleet/replay';
import { type EpisodeSummary, RoundRollout, type RoundRolloutOptions, roundChunks } from '@qfleet/rollout';
import type { Play } from './play.ts';

export interface RoundPlayOptions extends RoundRolloutOptions {
  /** The layout of the chunks. */
  readonly chunks: Layout;
  /** Told of each chunk. */
  readonly onChunk?: (chunk: OpenChunk) => void;
}

/**
 * An actor's part of each round: all of its slots play it with one version of the weights, and then wait for the next. Slots
 * that come in between play it with that version too, and those that were there play it again, which nobody needs.
 */
export class RoundPlay implements Play {
  readonly #options: RoundPlayOptions;
  readonly #rollout: RoundRollout;
  /** Whether the round that the weights are for is still to be played, or to be ended. */
  #isDue = false;
  #isInRound = false;
  #sequence = 0;

  constructor(options: RoundPlayOptions) {
    this.#options = options;
    this.#rollout = new RoundRollout(options);
  }

  /** Whether there is a step to do. */
  get isDue(): boolean {
    return this.#isDue;
  }

  get isInRound(): boolean {
    return this.#isInRound;
  }

  /** Steps of the round that each slot has done. */
  get stepsDone(): number {
    return this.#rollout.stepsDone;
  }

  get weightsVersion(): number {
    return this.#rollout.weightsVersion;
  }

  set weightsVersion(version: number) {
    this.#rollout.weightsVersion = version;
    this.#isDue = true;
  }

  get slots(): number[] {
    return this.#rollout.slots;
  }

  get infoRefused(): number {
    return this.#rollout.infoRefused;
  }

  addSlot(slot: number, episodes?: number): void {
    this.#rollout.addSlot(slot, episodes);
    this.#isDue = true;
  }

  removeSlot(slot: number): void {
    this.#rollout.removeSlot(slot);
  }

  episodesOf(slot: number): number {
    return this.#rollout.episodesOf(slot);
  }

  step(): number | Promise<number> {
    this.#isInRound = true;
    return this.#rollout.step();
  }

  /** The round, once it is played: a chunk for each slot. */
  takeChunks(): OpenChunk[] {
    const { round, slots, weightsVersion } = this.#rollout;
    if (round === null) return [];
    const { chunks: layout, writer, epsilon, onChunk } = this.#options;
    const sequence = (): number => this.#sequence++;
    const chunks = roundChunks(round, { layout, writer, slots, sequence, epsilon, weightsVersion });
    this.#rollout.release();
    this.#isDue = false;
    this.#isInRound = false;
    if (onChunk !== undefined) for (const chunk of chunks) onChunk(chunk);
    return chunks;
  }

  takeEpisodes(): EpisodeSummary[] {
    return this.#rollout.takeEpisodes();
  }

  /** Ends all slots. A round that is not played to its end is given up: a part of it serves nobody. */
  close(): void {
    this.#rollout.close();
  }
}
