import { readFileSync } from 'node:fs';
import type { Layout } from '@qfleet/replay';
import type { NamedTensors } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

/** What test/reference/dqn.py found for a case: 50 updates in float64 NumPy. */
interface Reference {
  losses: number[];
  meanQ: number[];
  gradientNorms: number[];
  meanAbsTdErrors: number[];
  tdErrors: number[];
  online: Record<string, number[]>;
  target: Record<string, number[]>;
}

const references = JSON.parse(
  readFileSync(new URL('./reference/dqn.json', import.meta.url), 'utf8'),
) as Record<string, Reference>;

const UPDATES = 50;
const ROWS = 16;
const hidden = [12, 8];
const box: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
const common = { batchSize: ROWS, learningRate: 3e-3, updatesPerCall: 5 };

/** The cases of dqn.py, in our configuration's words. */
const cases: Record<string, { layout: Layout; fields: Record<string, unknown> }> = {
  'double, huber, clipped, soft': {
    layout: box,
    fields: { network: { kind: 'mlp', hidden }, gradientClip: 0.25, target: { kind: 'soft', tau: 0.05 } },
  },
  'max, squared, hard, annealed': {
    layout: box,
    fields: {
      network: { kind: 'mlp', hidden },
      doubleQ: false,
      loss: 'mse',
      gradientClip: null,
      target: { kind: 'hard', every: 7 },
      learningRateDecay: 0.1,
    },
  },
  'dueling, one-hot': {
    layout: { frames: 1, shape: [], dtype: 'int32', count: 9, actions: 3 },
    fields: { network: { kind: 'mlp', hidden, dueling: true }, target: { kind: 'soft', tau: 0.05 } },
  },
};

/** A fresh agent's state with drawn parameters, the target's equal. */
function drawnState(lcg: Lcg, fresh: NamedTensors): NamedTensors {
  const state = new Map(fresh);
  for (const [name, { shape, data }] of fresh) {
    if (!name.startsWith('online/')) continue;
    const tensor = { shape, data: data.map(() => lcg.uniform() - 0.5) };
    state.set(name, tensor).set(name.replace('online/', 'target/'), tensor);
  }
  return state;
}

describe.each(Object.entries(cases))('50 updates of DQN (%s)', (name, { layout, fields }) => {
  it('are those of the float64 reference', async () => {
    const reference = references[name];
    const config = dqnConfig({ ...common, ...fields });
    const agent = await createAgent({ config, spec: layout, seed: 0, totalUpdates: UPDATES });
    const lcg = new Lcg(11);
    agent.restore(drawnState(lcg, agent.state()));

    const per = agent.batchesPerUpdate;
    const tdErrors = new Float32Array(per * ROWS);
    for (let call = 0; call < UPDATES / per; call++) {
      const batches = Array.from({ length: per }, () => drawBatch(lcg, layout, ROWS));
      const { numbers } = agent.update(batches, tdErrors);
      const meanOf = (values: number[]) =>
        values.slice(call * per, (call + 1) * per).reduce((sum, x) => sum + x / per, 0);
      expect(numbers['loss']).toBeCloseTo(meanOf(reference.losses), 4);
      expect(numbers['meanQ']).toBeCloseTo(meanOf(reference.meanQ), 4);
      expect(numbers['gradientNorm']).toBeCloseTo(meanOf(reference.gradientNorms), 4);
      expect(numbers['meanAbsTdError']).toBeCloseTo(meanOf(reference.meanAbsTdErrors), 4);
    }
    expectAllClose(tdErrors.slice(-ROWS), reference.tdErrors);
    const state = agent.state();
    for (const part of ['online', 'target'] as const) {
      for (const [parameter, values] of Object.entries(reference[part])) {
        expectAllClose(state.get(`${part}/${parameter}`)!.data, values);
      }
    }
    expect([...state.get('updates')!.data]).toEqual([0, UPDATES]);
    agent.dispose();
  });
});

function expectAllClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 5);
}
