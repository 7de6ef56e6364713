import { checkParameters } from '@qfleet/networks';
import type { StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';

/** A table Q [states, actions], row by row, for a Discrete observation space. */
export interface Table {
  readonly states: number;
  readonly actions: number;
  readonly q: Float32Array;
}

/**
 * [states, actions].
 *
 * @throws Error when the observations are not the integers 0 … n − 1.
 */
export function tableShape(spec: StateSpec): readonly [number, number] {
  const { shape, dtype, count: states, actions } = spec;
  if (states === undefined) {
    throw new Error(
      `agent.kind is tabular, which takes a Discrete observation space, and this environment gives ` +
        `${dtype} [${shape}]: take agent.kind dqn.`,
    );
  }
  return [states, actions];
}

/**
 * A table whose values all are `initialQ`.
 * @throws Error as `tableShape` does.
 */
export function createTable(spec: StateSpec, initialQ: number): Table {
  const [states, actions] = tableShape(spec);
  return { states, actions, q: new Float32Array(states * actions).fill(initialQ) };
}

export function tableTensors(table: Table): NamedTensors {
  return new Map([['q', { shape: [table.states, table.actions], data: table.q.slice() }]]);
}

/**
 * Takes a table's values from `tensors`.
 * @throws Error when `tensors` is not one `q` of the table's shape; the table is then as before.
 */
export function loadTable(table: Table, tensors: NamedTensors): void {
  checkParameters([{ name: 'q', shape: [table.states, table.actions] }], tensors);
  table.q.set(tensors.get('q')!.data);
}

/**
 * Where the state's row starts in `q`.
 *
 * @throws RangeError for a state that the space does not have.
 */
export function rowStart(table: Table, state: number): number {
  if (!(state >= 0 && state < table.states)) {
    throw new RangeError(`Observation ${state} is not a state: they are 0 to ${table.states - 1}.`);
  }
  return state * table.actions;
}
