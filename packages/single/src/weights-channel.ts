import type { Weights, WeightsChannel } from '@qfleet/agents';

/** Weights for an actor in the learner's own process. */
export class InProcessWeightsChannel implements WeightsChannel {
  #weights: Weights | null = null;

  async publish(weights: Weights): Promise<number> {
    this.#weights = weights;
    return 0;
  }

  mayPublish(): boolean {
    return true;
  }

  async version(): Promise<number> {
    return this.#weights?.version ?? 0;
  }

  async newerThan(version: number): Promise<Weights | null> {
    return this.#weights && this.#weights.version > version ? this.#weights : null;
  }
}
