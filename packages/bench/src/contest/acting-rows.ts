import type { ActingRows, Policy } from '@qfleet/agents';
import type { Random } from '@qfleet/random';

/** Rows that a policy acts on as an actor's slots: in the middle of episodes, ε-greedy, without masks. */
export const actingRows = (
  policy: Policy,
  states: ActingRows['states'],
  rows: number,
  random: Random,
): ActingRows => ({
  count: rows,
  states,
  begins: new Int32Array(rows),
  memory: policy.memory(rows),
  masks: null,
  epsilons: new Float32Array(rows).fill(0.05),
  random,
  actions: new Int32Array(rows),
  values: null,
});
