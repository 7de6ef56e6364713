import { Random } from '@qfleet/random';
import type { ObservationArray } from '@qfleet/spaces';
import type { ActingRows, Policy } from '../src/index.ts';

/** Rows of a policy, all greedy and at the beginning of an episode; `fields` replaces what is said of them. */
export function rowsOf(
  policy: Policy,
  states: ObservationArray,
  count: number,
  fields: Partial<ActingRows> = {},
): ActingRows {
  return {
    count,
    states,
    begins: new Int32Array(count).fill(1),
    memory: policy.memory(count),
    masks: null,
    epsilons: new Float32Array(count),
    random: new Random(0),
    actions: new Int32Array(count),
    values: null,
    ...fields,
  };
}
