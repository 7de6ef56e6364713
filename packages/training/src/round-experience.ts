import type { RandomState } from '@qfleet/random';
import { ReplayMissingError } from '@qfleet/replay';
import type { AgentCall, Experience } from './experience.ts';
import type { RunStepsState } from './run-steps.ts';
import { samplingRandom } from './sampling.ts';
import type { Outlast, RoundTrainerParts, WaitReason } from './trainer-parts.ts';

/** Experience in rounds: each is learned from at once, and then let go. */
export class RoundExperience implements Experience {
  readonly replay = null;
  readonly waitedSeconds = 0;
  readonly isSavingDue = false;
  readonly #parts: RoundTrainerParts;
  readonly #outlast: Outlast;
  readonly #republish: () => Promise<void>;
  #steps: number;

  /** @param republish called where actors may have lost the newest weights, or what they played with them. */
  constructor(parts: RoundTrainerParts, outlast: Outlast, republish: () => Promise<void>) {
    this.#parts = parts;
    this.#outlast = outlast;
    this.#republish = republish;
    this.#steps = parts.from?.steps ?? 0;
  }

  get steps(): number {
    return this.#steps;
  }

  get stepsState(): RunStepsState {
    return { steps: this.#steps, stepsBefore: this.#steps, generation: null };
  }

  /** Nothing is drawn by it: the orders of a round's steps follow from the seed and the count of updates. */
  get drawing(): { readonly random: RandomState } {
    return { random: samplingRandom(this.#parts.config.seed).state };
  }

  get chunksRefused(): number {
    return this.#parts.rounds.apart?.refused ?? 0;
  }

  get roundSlotsMissed(): number {
    return this.#parts.rounds.apart?.missed ?? 0;
  }

  publishing(version: number, updates: number): void {
    this.#parts.rounds.apart?.publishing(version, updates);
  }

  async synchronize(): Promise<boolean> {
    const { rounds, restore } = this.#parts;
    const { apart } = rounds;
    if (apart === undefined) return false;
    const take = (): Promise<boolean> => this.#outlast(() => apart.synchronize());
    const { losses } = apart;
    let came: boolean;
    try {
      came = await take();
    } catch (error) {
      if (!(error instanceof ReplayMissingError) || restore === undefined) throw error;
      await this.#outlast(restore);
      came = await take();
      await this.#republish();
      return came;
    }
    const isLost = apart.losses > losses;
    // What lay beside the rounds may be lost too.
    if (isLost && restore !== undefined) await this.#outlast(restore);
    if (isLost || apart.lacksWeights) await this.#republish();
    return came;
  }

  waitReason(): Exclude<WaitReason, 'checkpoint'> | null {
    return this.#parts.rounds.round === null ? 'round' : null;
  }

  async call(): Promise<AgentCall | null> {
    const { agent, config, rounds } = this.#parts;
    const { round, played } = rounds;
    if (round === null) return null;
    const stats = agent.update(round);
    this.#steps += played;
    return { stats, data: [round], transitions: played * config.agent.epochs };
  }

  called(): void {
    this.#parts.rounds.release();
  }

  async save(): Promise<void> {}
}
