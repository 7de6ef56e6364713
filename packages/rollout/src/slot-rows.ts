import {
  allocateObservations,
  createEnvironment,
  type Environment,
  type EnvironmentDefinition,
  type ObservationArray,
  observationSize,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';

/** One environment and its row of the policy's input. */
export interface SlotRow {
  readonly slot: number;
  readonly environment: Environment;
  /** A view on `SlotRows.observations`: what the environment writes is what the policy reads. */
  observation: ObservationArray;
}

/**
 * Environments side by side: their current observations are the rows of one array, so that one call of the
 * policy serves all and a step copies nothing.
 */
export class SlotRows {
  readonly rows: SlotRow[] = [];
  readonly size: number;
  /** [rows, …observationShape] */
  observations: ObservationArray;
  actions = new Int32Array(0);
  epsilons = new Float32Array(0);
  readonly #definition: EnvironmentDefinition;

  constructor(definition: EnvironmentDefinition) {
    this.#definition = definition;
    this.size = observationSize(definition.observationSpace);
    this.observations = allocateObservations(definition.observationSpace, 0);
  }

  /** Adds an environment with its own stream and starts its first episode. @throws EnvironmentError: nothing is added. */
  add(slot: number, seed: number): SlotRow {
    const environment = createEnvironment(this.#definition, new Random(seed), slot);
    const row = { slot, environment, observation: allocateObservations(this.#definition.observationSpace) };
    // Before it joins: where this throws, the other rows are as they were.
    environment.reset(row.observation);
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

  /** New arrays for the rows that there are now; slots come and go seldom. */
  #layOut(): void {
    const { rows, size } = this;
    this.observations = allocateObservations(this.#definition.observationSpace, rows.length);
    rows.forEach((row, i) => {
      const view = this.observations.subarray(i * size, (i + 1) * size);
      view.set(row.observation);
      row.observation = view;
    });
    this.actions = new Int32Array(rows.length);
    this.epsilons = new Float32Array(rows.length);
  }
}
