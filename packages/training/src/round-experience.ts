import type { RandomState } from '@qfleet/random';
import type { AgentCall, Experience } from './experience.ts';
import type { RunStepsState } from './run-steps.ts';
import { samplingRandom } from './sampling.ts';
import type { RoundTrainerParts, WaitReason } from './trainer-parts.ts';

/** Experience in rounds: each is learned from at once, and then let go. */
export class RoundExperience implements Experience {
  readonly replay = null;
  readonly waitedSeconds = 0;
  readonly isSavingDue = false;
  readonly #parts: RoundTrainerParts;
  #steps: number;

  constructor(parts: RoundTrainerParts) {
    this.#parts = parts;
    this.#steps = parts.from?.steps ?? 0;
  }

  get steps(): number {
    return this.#steps;
  }

  get stepsState(): RunStepsState {
    return { steps: this.#steps, stepsBefore: this.#steps, generation: null };
  }

  /** Nothing is drawn by it: the orders of a round's steps follow from the seed and the count of updates. */
  get random(): RandomState {
    return samplingRandom(this.#parts.config.seed).state;
  }

  async synchronize(): Promise<boolean> {
    return false;
  }

  waitReason(): Exclude<WaitReason, 'checkpoint'> | null {
    return this.#parts.rounds.round === null ? 'too little experience' : null;
  }

  async call(): Promise<AgentCall | null> {
    const { agent, config, rounds } = this.#parts;
    const { round } = rounds;
    if (round === null) return null;
    const stats = agent.update(round);
    const transitions = round.copies * round.steps;
    this.#steps += transitions;
    return { stats, data: [round], transitions: transitions * config.agent.epochs };
  }

  called(): void {
    this.#parts.rounds.release();
  }

  async save(): Promise<void> {}
}
