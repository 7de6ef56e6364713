import {
  elementsOf,
  type Memory,
  type ObservationArray,
  observationArrays,
  type StateSpec,
  stateSize,
} from '@qfleet/spaces';
import { InputError, type Numbers, readMasks, readStates } from './read-numbers.ts';

/** What an episode asks of a policy. */
interface Acting {
  memory(rows: number): Memory;
  one(
    state: ObservationArray,
    masks: Uint8Array | null,
    memory: Memory,
  ): { action: number; values: Float32Array };
}

/** An episode of a policy: the frames that it stacks and what it remembers, from observation to observation. */
export class Episode {
  readonly #acting: Acting;
  readonly #spec: StateSpec;
  readonly #memory: Memory;
  /** [frames, …shape], oldest first. */
  readonly #state: ObservationArray;
  #began = false;

  constructor(acting: Acting, spec: StateSpec) {
    this.#acting = acting;
    this.#spec = spec;
    this.#memory = acting.memory(1);
    this.#state = new observationArrays[spec.dtype](stateSize(spec)) as ObservationArray;
  }

  /** The action for the next observation; `mask` says which may be chosen. @throws InputError */
  act(observation: Numbers, mask?: Numbers): number {
    return this.decide(observation, mask).action;
  }

  /** The action for the next observation, and Q(s, a) of each. @throws InputError */
  decide(observation: Numbers, mask?: Numbers): { action: number; values: Float32Array } {
    const { states, count } = readStates(observation, { ...this.#spec, frames: 1 });
    if (count !== 1)
      throw new InputError(`${count} observations were given, and an episode takes one after another.`);
    const masks = mask === undefined ? null : readMasks(mask, 1, this.#spec.actions);
    this.#push(states);
    return this.#acting.one(this.#state, masks, this.#memory);
  }

  /** Another episode begins with the next observation. */
  reset(): void {
    this.#began = false;
    this.#memory.clear();
  }

  /** The first observation stands for those before it. */
  #push(observation: ObservationArray): void {
    const { frames, shape } = this.#spec;
    const size = elementsOf(shape);
    if (this.#began) this.#state.copyWithin(0, size);
    else for (let frame = 0; frame < frames - 1; frame++) this.#state.set(observation, frame * size);
    this.#state.set(observation, (frames - 1) * size);
    this.#began = true;
  }
}
