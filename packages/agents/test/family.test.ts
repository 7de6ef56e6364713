import type { DqnConfig } from '@qfleet/config';
import { createNetwork, initialParameters } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Layout, TransitionBatch } from '@qfleet/replay';
import { loadTensor } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { createPolicy } from '../src/index.ts';
import { createObjective } from '../src/objectives/create-objective.ts';
import { ValueAgent } from '../src/value/agent.ts';
import { rowsOf } from './acting.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const layout: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
const ROWS = 16;

const c51 = { kind: 'c51', atoms: 11, low: -3, high: 3 };
const hlGauss = { kind: 'hl-gauss', bins: 11, low: -3, high: 3 };
const qr = { kind: 'qr', quantiles: 9 };
const iqn = { kind: 'iqn', samples: 4, targetSamples: 5, actingSamples: 8, cosines: 16 };
const soft = { doubleQ: false, munchausen: {} };

/** Each member, and each of what can be switched on beside it. */
const members: Record<string, Record<string, unknown>> = {
  expected: {},
  'expected, rescaled': { valueRescaling: 1e-3 },
  'munchausen-dqn': soft,
  'dqn with cql': { cql: { alpha: 0.5 } },
  c51: { objective: c51, doubleQ: false },
  'c51, double, rescaled, with cql': { objective: c51, valueRescaling: 1e-2, cql: {} },
  'hl-gauss': { objective: hlGauss },
  'munchausen hl-gauss': { objective: hlGauss, ...soft },
  'qr-dqn': { objective: qr },
  'munchausen qr-dqn': { objective: qr, ...soft },
  iqn: { objective: iqn, doubleQ: false },
  'iqn, double, with cql': { objective: iqn, cql: {} },
  'munchausen-iqn': { objective: iqn, ...soft },
};
const mlp = (dueling: boolean, layers: Record<string, unknown> = {}) => ({
  network: { kind: 'mlp', hidden: [12, 10], dueling, ...layers },
});

/** A batch of which the first action of some rows is not allowed: before the step none that was taken, after it the best. */
function maskedBatch(lcg: Lcg): TransitionBatch {
  const batch = drawBatch(lcg, layout, ROWS);
  const draw = (taken: Int32Array | null) => {
    const mask = new Uint8Array(ROWS * 3).map(() => (lcg.uniform() < 0.6 ? 1 : 0));
    for (let row = 0; row < ROWS; row++) mask[row * 3 + (taken?.[row] ?? lcg.integer(3))] = 1;
    return { mask };
  };
  return { ...batch, columns: draw(batch.actions), nextColumns: draw(null) };
}

describe.each(Object.entries(members))('%s', (_name, fields) => {
  it('is the same compiled and op by op, with masks, and goes on from its state bit for bit', async () => {
    const settings = { batchSize: ROWS, updatesPerCall: 2, learningRate: 3e-3, ...mlp(true) };
    const config = dqnConfig({ ...settings, ...fields });
    const runtime = await loadTensor();
    const spec = { ...layout, masked: true };
    const given = { config, spec, seed: 3, totalUpdates: 100 };
    const agents = [new ValueAgent(runtime, given), new ValueAgent(runtime, { ...given, eager: true })];
    const priorities = agents.map(() => new Float32Array(2 * ROWS));
    const numbers = agents.map((agent, i) => {
      const lcg = new Lcg(9);
      let last: Readonly<Record<string, number>> = {};
      for (let call = 0; call < 2; call++) {
        ({ numbers: last } = agent.update([maskedBatch(lcg), maskedBatch(lcg)], priorities[i]));
      }
      return last;
    });
    expect(Object.keys(numbers[0])).toEqual(Object.keys(numbers[1]));
    expectClose(Object.values(numbers[0]), Object.values(numbers[1]));
    expectClose(priorities[0], priorities[1]);
    expect(Math.min(...priorities[0])).toBeGreaterThanOrEqual(0);
    const [state] = agents.map((agent) => agent.state());
    for (const [name, { data }] of agents[1].state()) expectClose(state.get(name)!.data, data);

    const next = new Lcg(4);
    const batches = [maskedBatch(next), maskedBatch(next)];
    const again = priorities.map((into) => {
      agents[0].restore(state);
      agents[0].update(batches, into);
      return agents[0].state();
    });
    expect(priorities[1]).toEqual(priorities[0]);
    expect(again[1]).toEqual(again[0]);
    for (const agent of agents) agent.dispose();
  });

  it.each([
    ['plain', mlp(false)],
    ['dueling', mlp(true)],
    ['normalised layers', mlp(false, { layerNorm: true, initialization: 'orthogonal' })],
    ['dueling, normalised layers', mlp(true, { layerNorm: true, initialization: 'he' })],
    ['noisy', mlp(false, { noisy: {} })],
    ['dueling, noisy, normalised layers', mlp(true, { noisy: {}, layerNorm: true })],
  ])('has the learner’s values on an actor, without tfjs: %s', async (_, network) => {
    const config = dqnConfig({ ...fields, ...network });
    for (const explores of config.network.noisy === null ? [false] : [false, true]) {
      const values = await valuesOf(config, explores);
      expect(values.actor.every(Number.isFinite)).toBe(true);
      for (const [i, value] of values.actor.entries()) {
        expect(Math.abs(value - values.learner[i])).toBeLessThan(1e-4);
      }
    }
  });
});

/**
 * Q of random states with random parameters by an actor, and by the network and the objective on tfjs.
 *
 * @param explores whether the weights have noise; else they are their means.
 */
async function valuesOf(
  config: DqnConfig,
  explores: boolean,
): Promise<{ actor: Float32Array; learner: ArrayLike<number> }> {
  const { tf } = await loadTensor();
  const rows = 40;
  const random = new Random(8);
  const objective = createObjective(config);
  const network = createNetwork(config.network, layout, objective.head);
  expect(network.layers).not.toBeNull();
  // Three times the start values: distributions that differ.
  const tensors = new Map(
    [...initialParameters(network.parameters, random)].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((x) => 3 * x) },
    ]),
  );
  const states = Float32Array.from({ length: rows * 4 }, () => random.normal());
  const policy = await createPolicy({ config, spec: layout, explores });
  policy.load(tensors);
  const actor = new Float32Array(rows * 3);
  policy.act(rowsOf(policy, states, rows, { values: actor, random: new Random(5) }));
  const used = explores ? network.disturbed!(tensors, new Random(5)) : tensors;
  const learner = tf.tidy(() => {
    const parameters = Object.fromEntries(
      [...used].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    const { out } = network.forward(tf, parameters, { states: tf.tensor(states, [rows, 4]) });
    return objective.values(tf, out).dataSync();
  });
  return { actor, learner };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(Math.abs(actual[i] - expected[i])).toBeLessThan(1e-5);
}

describe('what an update draws', () => {
  it('is a function of the run’s seed and of the update’s number', async () => {
    const runtime = await loadTensor();
    const config = dqnConfig({
      objective: iqn,
      batchSize: ROWS,
      updatesPerCall: 2,
      learningRate: 1e-12,
      ...mlp(false),
    });
    const start = new ValueAgent(runtime, { config, spec: layout, seed: 3, totalUpdates: null });
    const batch = drawBatch(new Lcg(1), layout, ROWS);
    /** The priorities of two updates on one batch, with parameters that stay as they are. */
    const prioritiesOf = (seed: number): Float32Array => {
      const agent = new ValueAgent(runtime, { config, spec: layout, seed, totalUpdates: null });
      agent.restore(start.state());
      const priorities = new Float32Array(2 * ROWS);
      agent.update([batch, batch], priorities);
      agent.dispose();
      return priorities;
    };
    const first = prioritiesOf(3);
    expect(prioritiesOf(3)).toEqual(first);
    expect(prioritiesOf(4)).not.toEqual(first);
    expect(first.slice(0, ROWS)).not.toEqual(first.slice(ROWS));
    start.dispose();
  });
});

it.each([c51, hlGauss, qr, iqn, { kind: 'expected' }])(
  '$kind has its rewards clipped and scaled by its sample unit',
  (objective) => {
    const unitOf = (fields: object) => createObjective(dqnConfig({ objective, nSteps: 3, ...fields })).unit;
    expect(unitOf({})).toEqual({ kind: 'transition', nSteps: 3 });
    const rewards = { largest: 1, scale: 0.5 };
    expect(unitOf({ rewardClip: 1, rewardScale: 0.5 })).toEqual({ kind: 'transition', nSteps: 3, rewards });
  },
);
