import type { ActingRows, Policy } from '@qfleet/agents';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import { type ObservationArray, observationArrays, stateSize } from '@qfleet/spaces';
import { largest } from './largest.ts';

/**
 * The states that a round's truncated episodes ended in, which the next episodes' first states replace in the slots. They are
 * kept, and valued together.
 */
export class FinalStates {
  /**
   * What replaces its like in a call that only values: no exploration, and neither the run's stream nor its actions are
   * touched.
   */
  readonly bystanders: Pick<ActingRows, 'epsilons' | 'random' | 'actions'>;
  readonly #layout: Layout;
  readonly #policy: Policy;
  /** Rows of a call. */
  readonly #most: number;
  readonly #size: number;
  readonly #values: Float32Array;
  /** Where each one's value belongs. */
  #places = new Int32Array(0);
  #states: ObservationArray;
  #count = 0;

  /** @param most rows of a call of the policy. */
  constructor(layout: Layout, policy: Policy, most: number) {
    this.bystanders = {
      epsilons: new Float32Array(most),
      random: new Random(0),
      actions: new Int32Array(most),
    };
    this.#layout = layout;
    this.#policy = policy;
    this.#most = most;
    this.#size = stateSize(layout);
    this.#values = new Float32Array(most * layout.actions);
    this.#states = new observationArrays[layout.dtype](0);
  }

  /** Keeps a copy of a state whose value belongs to `place`. */
  add(place: number, state: ObservationArray): void {
    if (this.#count === this.#places.length) this.#grow();
    this.#places[this.#count] = place;
    this.#states.set(state, this.#count * this.#size);
    this.#count++;
  }

  /** Writes max Q of each state to its place, and forgets them. Nobody acts in such a state: every action counts. */
  value(values: Float32Array): void {
    const width = this.#layout.actions;
    for (let first = 0; first < this.#count; first += this.#most) {
      const count = Math.min(this.#most, this.#count - first);
      this.#policy.act({
        ...this.bystanders,
        count,
        states: this.#states.subarray(first * this.#size, (first + count) * this.#size),
        begins: new Int32Array(count),
        memory: this.#policy.memory(count),
        masks: null,
        values: this.#values,
      });
      for (let i = 0; i < count; i++) {
        values[this.#places[first + i]] = largest(this.#values, i * width, width, null);
      }
    }
    this.#count = 0;
  }

  #grow(): void {
    const room = Math.max(this.#most, 2 * this.#places.length);
    const places = new Int32Array(room);
    places.set(this.#places);
    this.#places = places;
    const states = new observationArrays[this.#layout.dtype](room * this.#size);
    states.set(this.#states);
    this.#states = states;
  }
}
