import { setTimeout as sleep } from 'node:timers/promises';
import { createNetwork, initialParameters, valuesHead } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { observationArrays, type StateSpec, stateSize } from '@qfleet/spaces';
import { expect, it } from 'vitest';
import { createPolicy, type Policy } from '../src/index.ts';
import { pqnConfig } from './pqn-config.ts';

const specs: readonly StateSpec[] = [
  { frames: 1, shape: [4], dtype: 'float32', actions: 2 },
  { frames: 2, shape: [5, 5, 2], dtype: 'uint8', high: 1, actions: 3 },
];

it.each(specs)('a policy that is helped has the same values and actions, of $dtype $shape', async (spec) => {
  const kind = spec.shape.length === 3 ? 'minatar-cnn' : 'mlp';
  const config = pqnConfig({ network: { kind, hidden: [16], layerNorm: true } });
  const rows = 100;
  const alone = await createPolicy({ config, spec });
  const helped = await createPolicy({ config, spec, helped: rows });
  const network = createNetwork(config.network, spec, valuesHead);
  const random = new Random(4);
  const act = (policy: Policy, count: number, states: ReturnType<typeof draw>) => {
    const [actions, values] = [new Int32Array(count), new Float32Array(count * spec.actions)];
    const rest = { begins: new Int32Array(count), memory: policy.memory(count), masks: null };
    const epsilons = new Float32Array(count).fill(0.2);
    policy.act({ ...rest, count, states, epsilons, random: new Random(9), actions, values });
    return { actions, values };
  };
  const draw = (count: number) => {
    const states = new observationArrays[spec.dtype](count * stateSize(spec));
    for (let i = 0; i < states.length; i++) states[i] = random.integer(2);
    return states;
  };
  // Some calls before the helper has begun, some with it, with other parameters each, and some without it again.
  for (let call = 0; call < 60; call++) {
    if (call % 7 === 0) {
      const tensors = initialParameters(network.parameters, new Random(call));
      for (const policy of [alone, helped]) policy.load(tensors);
    }
    if (call === 10) await sleep(400);
    if (call === 50) helped.dispose!();
    const count = call % 3 === 0 ? rows : 1 + random.integer(rows + 40);
    const states = draw(count);
    expect(act(helped, count, states)).toEqual(act(alone, count, states));
  }
});
