import type { PqnConfig } from '@qfleet/config';
import type { Epsilons } from './exploration.ts';
import type { Pace } from './pace.ts';
import type { RoundPlay } from './round-play.ts';
import type { WaitReason } from './waits.ts';

/** An actor of rounds plays one, and waits for weights that have learned from it. */
export class RoundPace implements Pace {
  /** Gradient updates behind the weights that are played with. */
  #updates = 0;
  readonly #config: PqnConfig;
  readonly #play: RoundPlay;
  readonly #epsilons: Epsilons;

  constructor(config: PqnConfig, play: RoundPlay, epsilons: Epsilons) {
    this.#config = config;
    this.#play = play;
    this.#epsilons = epsilons;
  }

  waitReason(): WaitReason | null {
    return this.#play.isDue ? null : 'round';
  }

  playsWith(updates: number): void {
    this.#updates = updates;
  }

  begin(): void {
    this.#explore();
  }

  stepped(): boolean {
    if (this.#play.stepsDone === this.#config.steps) return false;
    this.#explore();
    return true;
  }

  /** ε is that of the run's steps, as they would be in one process: with every slot in every round. */
  #explore(): void {
    const { copies, steps, epochs, minibatches } = this.#config;
    const rounds = this.#updates / (epochs * minibatches);
    this.#epsilons.update(copies * (rounds * steps + this.#play.stepsDone));
  }
}
