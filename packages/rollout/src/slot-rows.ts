import {
  allocateObservations,
  createEnvironment,
  type Environment,
  type EnvironmentDefinition,
  type ObservationArray,
  observationSize,
  type StepOutcome,
} from '@qfleet/envs';
import type { Random } from '@qfleet/random';

/** One environment and its row of the policy's input. */
export interface SlotRow {
  readonly slot: number;
  environment: Environment;
  /** The stream that it draws from. */
  readonly random: Random;
  /** A view on `SlotRows.states`: [frameStack, …observationShape], oldest first. */
  state: ObservationArray;
  /** A view on the state's last frame: what the environment writes is what the policy reads. */
  observation: ObservationArray;
  /** A view on `SlotRows.masks`: [actions]; null where the environment has no masks. */
  mask: Uint8Array | null;
}

/**
 * Environments side by side: their current states are the rows of one array, so that one call of the policy serves
 * all and a step copies nothing but the older frames of a stack.
 */
export class SlotRows {
  readonly rows: SlotRow[] = [];
  /** [rows, …observationShape], or [rows, frameStack, …observationShape] where frames are stacked. */
  states: ObservationArray;
  /** [rows, actions]: 1 for what may be taken; null where the environment has no masks. */
  masks: Uint8Array | null;
  actions = new Int32Array(0);
  epsilons = new Float32Array(0);
  readonly #definition: EnvironmentDefinition;
  readonly #frameStack: number;
  /** Elements of an observation. */
  readonly #size: number;

  /** @param frameStack observations that make a state. */
  constructor(definition: EnvironmentDefinition, frameStack: number) {
    this.#definition = definition;
    this.#frameStack = frameStack;
    this.#size = observationSize(definition.observationSpace);
    this.states = this.#allocate(0);
    this.masks = definition.masked ? new Uint8Array(0) : null;
  }

  /**
   * Adds an environment with its own stream and starts an episode.
   * @param episodes that the slot has begun before.
   * @throws EnvironmentError: nothing is added.
   */
  add(slot: number, random: Random, episodes = 0): SlotRow {
    const environment = createEnvironment(this.#definition, random, slot, episodes);
    const state = this.#allocate(1);
    const mask = this.masks && new Uint8Array(this.#definition.actionSpace.n);
    const row = { slot, environment, random, state, observation: this.#lastFrame(state), mask };
    // Before it joins: where this throws, the other rows are as they were.
    this.reset(row);
    this.rows.push(row);
    this.#layOut();
    return row;
  }

  /** Takes the row at `index` out and closes its environment. */
  remove(index: number): void {
    const [row] = this.rows.splice(index, 1);
    this.#layOut();
    row?.environment.close?.();
  }

  /** One step of a row's environment: its state moves on by a frame. @throws EnvironmentError */
  step({ environment, state, observation, mask }: SlotRow, action: number, outcome: StepOutcome): void {
    if (this.#frameStack > 1) state.copyWithin(0, this.#size);
    environment.step(action, observation, outcome);
    if (mask !== null) environment.mask!(mask);
  }

  /** Starts a row's next episode. @throws EnvironmentError */
  reset({ environment, state, observation, mask }: SlotRow): void {
    environment.reset(observation);
    if (mask !== null) environment.mask!(mask);
    // Before an episode's first frame is that frame again, as in Gymnasium's FrameStackObservation and in sampling.
    for (let frame = 0; frame < this.#frameStack - 1; frame++) state.set(observation, frame * this.#size);
  }

  /**
   * Makes a row's environment anew, on the stream that it had, and starts an episode.
   * @param episodes as of `add`.
   * @throws EnvironmentError
   */
  restart(row: SlotRow, episodes: number): void {
    try {
      row.environment.close?.();
    } catch {
      // It failed before, which is told already.
    }
    row.environment = createEnvironment(this.#definition, row.random, row.slot, episodes);
    this.reset(row);
  }

  #allocate(rows: number): ObservationArray {
    return allocateObservations(this.#definition.observationSpace, rows * this.#frameStack);
  }

  #lastFrame(state: ObservationArray): ObservationArray {
    return state.subarray((this.#frameStack - 1) * this.#size);
  }

  /** New arrays for the rows that there are now; slots come and go seldom. */
  #layOut(): void {
    const { rows } = this;
    const size = this.#frameStack * this.#size;
    const { n } = this.#definition.actionSpace;
    this.states = this.#allocate(rows.length);
    this.masks = this.masks && new Uint8Array(rows.length * n);
    rows.forEach((row, i) => {
      const state = this.states.subarray(i * size, (i + 1) * size);
      state.set(row.state);
      row.state = state;
      row.observation = this.#lastFrame(state);
      if (row.mask === null) return;
      const mask = this.masks!.subarray(i * n, (i + 1) * n);
      mask.set(row.mask);
      row.mask = mask;
    });
    this.actions = new Int32Array(rows.length);
    this.epsilons = new Float32Array(rows.length);
  }
}
