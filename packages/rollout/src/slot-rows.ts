import type { ActingRows, Policy } from '@qfleet/agents';
import {
  allocateObservations,
  createVectorEnvironment,
  type EnvironmentDefinition,
  type ObservationArray,
  observationSize,
  type StepInfo,
  type VectorEnvironment,
} from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import { type ColumnValues, MASK } from '@qfleet/replay';
import type { Memory } from '@qfleet/spaces';

/** A slot's row of the policy's input. */
export interface SlotRow {
  readonly slot: number;
  /** A view on `SlotRows.states`: [frames, …observationShape], oldest first. */
  state: ObservationArray;
  /** A view on the state's last frame: what the environment writes is what the policy reads. */
  observation: ObservationArray;
  /** A view on `SlotRows.masks`: [actions]; null where the environment has no masks. */
  mask: Uint8Array | null;
  /** A view on `SlotRows.begins`: [1] */
  begins: Int32Array;
  /** A view on `SlotRows.memory`. */
  memory: Memory;
  /** What goes into chunks beside the observation, on the same arrays: mask and memory by their columns' names. */
  columns: ColumnValues;
}

/** What `SlotRows` are made from. */
export interface SlotRowsOptions {
  readonly definition: EnvironmentDefinition;
  /** Observations that make a state. Default 1. */
  readonly frames?: number | undefined;
  /** The one that acts on the rows, and remembers them. */
  readonly policy: Policy;
  /** What the policy draws from. */
  readonly random: Random;
  /** Whether Q(s, ·) of the rows is asked for. Default false. */
  readonly valued?: boolean;
  /** As of `createVectorEnvironment`. */
  readonly turnMs?: number;
}

/**
 * Slots' environments side by side: their current states are the rows of one array, so that one call of the policy serves
 * all and a step copies nothing but the older frames of a stack. Nothing but `close` is called while a step is awaited.
 */
export class SlotRows {
  readonly rows: SlotRow[] = [];
  /** [rows, …observationShape], or [rows, frames, …observationShape] where frames are stacked. */
  states: ObservationArray;
  /** [rows, actions]: 1 for what may be taken; null where the environment has no masks. */
  masks: Uint8Array | null;
  /** [rows]: 1 where the state is its episode's first. */
  begins = new Int32Array(0);
  /** What the policy remembers of the rows: zeros where an episode begins. */
  memory: Memory;
  actions = new Int32Array(0);
  epsilons = new Float32Array(0);
  /** The rows as the policy takes them, on the arrays above. */
  acting: ActingRows;
  /** What the last step gave: [rows]; 1 for an end. */
  rewards = new Float64Array(0);
  terminated = new Uint8Array(0);
  truncated = new Uint8Array(0);
  readonly #definition: EnvironmentDefinition;
  readonly #environment: VectorEnvironment;
  readonly #frames: number;
  readonly #policy: Policy;
  readonly #random: Random;
  readonly #valued: boolean;
  /** Elements of an observation. */
  readonly #size: number;

  constructor({ definition, frames = 1, policy, random, valued = false, turnMs }: SlotRowsOptions) {
    this.#definition = definition;
    this.#environment = createVectorEnvironment(definition, turnMs);
    this.#frames = frames;
    this.#policy = policy;
    this.#random = random;
    this.#valued = valued;
    this.#size = observationSize(definition.observationSpace);
    this.states = this.#allocate(0);
    this.masks = definition.masked ? new Uint8Array(0) : null;
    this.memory = policy.memory(0);
    this.acting = this.#actingRows();
  }

  /** The rows that the last step failed in, with what was thrown: `reset` begins their next episodes. */
  get failures(): ReadonlyMap<number, unknown> {
    return this.#environment.failures;
  }

  /** What each row's last step told beside; null: no row told anything. */
  get infos(): readonly (StepInfo | null)[] | null {
    return this.#environment.infos ?? null;
  }

  /**
   * Adds a slot with its own stream and starts an episode.
   * @param episodes that the slot has begun before.
   * @throws EnvironmentError: nothing is added.
   */
  add(slot: number, random: Random, episodes = 0): SlotRow {
    this.#environment.add(random, slot, episodes);
    const state = this.#allocate(1);
    const mask = this.masks && new Uint8Array(this.#definition.actionSpace.n);
    const memory = this.#policy.memory(1);
    const row: SlotRow = {
      ...{ slot, state, mask, memory },
      observation: this.#lastFrame(state),
      begins: new Int32Array(1),
      columns: columnsOf(mask, memory),
    };
    const index = this.rows.push(row) - 1;
    this.#layOut();
    try {
      this.reset(index);
    } catch (error) {
      this.remove(index);
      throw error;
    }
    return row;
  }

  /** Takes the row at `index` out and closes its environment. */
  remove(index: number): void {
    this.rows.splice(index, 1);
    try {
      this.#environment.remove(index);
    } finally {
      this.#layOut();
    }
  }

  /** One step of every row: its state moves on by a frame. */
  step(): void | Promise<void> {
    const { begins } = this;
    // Quicker than `fill` for few rows.
    for (let i = 0; i < begins.length; i++) begins[i] = 0;
    if (this.#frames > 1) for (const { state } of this.rows) state.copyWithin(0, this.#size);
    return this.#environment.step(this.actions);
  }

  /** Starts a row's next episode. @throws EnvironmentError */
  reset(index: number): void {
    const { state, observation, begins, memory } = this.rows[index];
    begins[0] = 1;
    memory.clear();
    this.#environment.reset(index);
    // Before an episode's first frame is that frame again, as in Gymnasium's FrameStackObservation and in sampling.
    for (let frame = 0; frame < this.#frames - 1; frame++) state.set(observation, frame * this.#size);
  }

  /** Takes all rows out and closes their environments. A step in flight is given up. */
  close(): void {
    this.rows.length = 0;
    this.#environment.close();
  }

  #allocate(rows: number): ObservationArray {
    return allocateObservations(this.#definition.observationSpace, rows * this.#frames);
  }

  #lastFrame(state: ObservationArray): ObservationArray {
    return state.subarray((this.#frames - 1) * this.#size);
  }

  /** New arrays for the rows that there are now; slots come and go seldom. */
  #layOut(): void {
    const { rows } = this;
    const size = this.#frames * this.#size;
    const { n } = this.#definition.actionSpace;
    this.states = this.#allocate(rows.length);
    this.masks = this.masks && new Uint8Array(rows.length * n);
    this.begins = new Int32Array(rows.length);
    this.memory = this.#policy.memory(rows.length);
    rows.forEach((row, i) => {
      const state = this.states.subarray(i * size, (i + 1) * size);
      state.set(row.state);
      row.state = state;
      row.observation = this.#lastFrame(state);
      const begins = this.begins.subarray(i, i + 1);
      begins.set(row.begins);
      row.begins = begins;
      const memory = this.memory.row(i);
      memory.set(row.memory);
      row.memory = memory;
      if (row.mask !== null) {
        const mask = this.masks!.subarray(i * n, (i + 1) * n);
        mask.set(row.mask);
        row.mask = mask;
      }
      row.columns = columnsOf(row.mask, memory);
    });
    this.actions = new Int32Array(rows.length);
    this.epsilons = new Float32Array(rows.length);
    this.acting = this.#actingRows();
    this.rewards = new Float64Array(rows.length);
    this.terminated = new Uint8Array(rows.length);
    this.truncated = new Uint8Array(rows.length);
    this.#environment.bind({
      observations: this.#lastFrame(this.states),
      stride: size,
      rewards: this.rewards,
      terminated: this.terminated,
      truncated: this.truncated,
      masks: this.masks,
    });
  }

  #actingRows(): ActingRows {
    const { states, begins, memory, masks, epsilons, actions } = this;
    const count = this.rows.length;
    const values = this.#valued ? new Float32Array(count * this.#definition.actionSpace.n) : null;
    return { count, states, begins, memory, masks, epsilons, random: this.#random, actions, values };
  }
}

function columnsOf(mask: Uint8Array | null, memory: Memory): ColumnValues {
  return mask === null ? memory.values : { ...memory.values, [MASK]: mask };
}
