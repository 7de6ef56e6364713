import type { Learning, WeightsChannel } from '@qfleet/agents';
import type { DivergenceWatch } from './divergence.ts';
import type { Outlast } from './trainer-parts.ts';

export interface PublisherParts {
  readonly agent: Pick<Learning, 'parameters'>;
  readonly channel: WeightsChannel;
  readonly divergence: DivergenceWatch;
  readonly outlast: Outlast;
  /** Updates between two publications. */
  readonly every: number;
}

/** Gives an agent's weights to the actors, in versions that rise. */
export class Publisher {
  readonly #parts: PublisherParts;
  #version: number;
  /** Updates behind the last weights. */
  #updates: number;
  #count = 0;
  #bytes = 0;
  #seconds = 0;

  /**
   * @param version the last one before this start.
   * @param updates those of the checkpoint that training goes on from.
   */
  constructor(parts: PublisherParts, version: number, updates: number) {
    this.#parts = parts;
    this.#version = version;
    this.#updates = updates;
  }

  get version(): number {
    return this.#version;
  }

  /** Publications since this start. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Seconds that they took, from the parameters to the channel's answer. */
  get seconds(): number {
    return this.#seconds;
  }

  /** Has versions continue above whatever the channel has. */
  async open(): Promise<void> {
    this.#version = Math.max(this.#version, await this.#parts.channel.version());
  }

  /** Whether weights are to be published after so many updates. */
  isDue(updates: number): boolean {
    return updates - this.#updates >= this.#parts.every && this.#parts.channel.mayPublish();
  }

  /** Whether actors lack what was learned in so many updates. */
  hasNewer(updates: number): boolean {
    return updates > this.#updates;
  }

  /** @throws DivergenceError where the weights are not finite: they are not published. */
  async publish(updates: number): Promise<void> {
    const { agent, channel, divergence, outlast } = this.#parts;
    const began = performance.now();
    const tensors = agent.parameters();
    divergence.beforeLeaving(tensors);
    this.#updates = updates;
    const weights = { version: ++this.#version, updates, tensors };
    this.#bytes += await outlast(() => channel.publish(weights));
    this.#seconds += (performance.now() - began) / 1000;
    this.#count++;
  }
}
