import { readFileSync } from 'node:fs';
import { runSchema, type TabularConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { Layout, TransitionBatch } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { createAgent, createPolicy } from '../src/index.ts';
import { rowsOf } from './acting.ts';
import { drawBatch, Lcg } from './batches.ts';

const layout: Layout = { frames: 1, shape: [], dtype: 'int32', count: 6, actions: 3 };

const configOf = (fields: Partial<TabularConfig> = {}): TabularConfig =>
  runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'tabular', ...fields } }).agent as TabularConfig;

const agentOf = (fields: Partial<TabularConfig> = {}, of: Layout = layout) =>
  createAgent({ config: configOf(fields), spec: of, seed: 0, totalUpdates: null });

describe('tabular Q-learning', () => {
  it('reaches the optimum that value iteration finds', async () => {
    const random = new Random(1);
    const gamma = 0.9;
    const mdp = Array.from({ length: 6 * 3 }, () => ({
      next: random.integer(6),
      reward: random.uniform() * 2 - 1,
      terminal: random.uniform() < 0.15,
    }));
    const optimal = new Float64Array(18);
    for (let sweep = 0; sweep < 500; sweep++) {
      for (const [i, { next, reward, terminal }] of mdp.entries()) {
        optimal[i] = reward + (terminal ? 0 : gamma) * Math.max(...optimal.subarray(next * 3, next * 3 + 3));
      }
    }
    const sweepOfAll: TransitionBatch = {
      columns: {},
      nextColumns: {},
      size: 18,
      observations: Int32Array.from(mdp, (_, i) => Math.floor(i / 3)),
      actions: Int32Array.from(mdp, (_, i) => i % 3),
      returns: Float32Array.from(mdp, ({ reward }) => reward),
      discounts: Float32Array.from(mdp, ({ terminal }) => (terminal ? 0 : gamma)),
      nextObservations: Int32Array.from(mdp, ({ next }) => next),
      weights: new Float32Array(18).fill(1),
      handles: new Int32Array(18),
    };
    const agent = await agentOf({ learningRate: 0.5 });
    const errors = new Float32Array(18);
    for (let sweep = 0; sweep < 400; sweep++) agent.update([sweepOfAll], errors);
    const q = agent.parameters().get('q')!;
    expect(q.shape).toEqual([6, 3]);
    for (let i = 0; i < 18; i++) expect(q.data[i]).toBeCloseTo(optimal[i], 4);
    expect(Math.max(...errors)).toBeLessThan(1e-5);
  });

  it('follows the NumPy reference update by update', async () => {
    const reference = JSON.parse(
      readFileSync(new URL('./reference/tabular.json', import.meta.url), 'utf8'),
    ) as { q: number[]; tdErrors: number[]; losses: number[] };
    const agent = await agentOf({ learningRate: 0.1, initialQ: 0.5 });
    const lcg = new Lcg(7);
    const errors = new Float32Array(32);
    const losses: number[] = [];
    for (let update = 0; update < 25; update++) {
      losses.push(
        agent.update([drawBatch(lcg, layout, 16), drawBatch(lcg, layout, 16)], errors).numbers['loss'],
      );
    }
    const q = agent.parameters().get('q')!.data;
    for (const [i, value] of reference.q.entries()) expect(q[i]).toBeCloseTo(value, 5);
    for (const [i, value] of reference.tdErrors.entries()) expect(errors[i]).toBeCloseTo(value, 5);
    for (const [i, value] of reference.losses.entries()) expect(losses[i]).toBeCloseTo(value, 5);
  });

  it('continues from its state as if it had not stopped', async () => {
    const first = await agentOf();
    const second = await agentOf();
    const errors = new Float32Array(16);
    first.update([drawBatch(new Lcg(1), layout, 16)], errors);
    second.restore(first.state());
    for (const agent of [first, second]) agent.update([drawBatch(new Lcg(2), layout, 16)], errors);
    expect(second.state()).toEqual(first.state());
  });

  it('refuses what is not a Discrete observation, a foreign state and a foreign table', async () => {
    const box: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 2 };
    await expect(agentOf({}, box)).rejects.toThrow(/takes a Discrete observation space.*float32 \[4\]/);
    await expect(createPolicy({ config: configOf(), spec: box })).rejects.toThrow(/Discrete/);

    const agent = await agentOf();
    const before = agent.state();
    const foreign = new Map([['q', { shape: [5, 3], data: new Float32Array(15) }]]);
    expect(() => agent.restore(foreign)).toThrow(/"q" has shape \[5,3\].*\[6,3\]/);
    expect(agent.state()).toEqual(before);
    const batch = { ...drawBatch(new Lcg(3), layout, 4), observations: Int32Array.of(0, 1, 6, 2) };
    expect(() => agent.update([batch], new Float32Array(4))).toThrow(/6 is not a state: they are 0 to 5/);
  });
});

describe('the tabular policy', () => {
  it('takes the largest value, ties to the lowest action, and gives Q', async () => {
    const policy = await createPolicy({ config: configOf({ initialQ: 2 }), spec: layout });
    const actions = new Int32Array(2);
    const values = new Float32Array(6);
    const act = () => policy.act(rowsOf(policy, Int32Array.of(0, 5), 2, { actions, values }));
    act();
    expect([...actions, ...values]).toEqual([0, 0, 2, 2, 2, 2, 2, 2]);

    const data = new Float32Array(18);
    data.set([1, 3, 3], 15);
    policy.load(new Map([['q', { shape: [6, 3], data }]]));
    act();
    expect([...actions]).toEqual([0, 1]);
    expect([...values]).toEqual([0, 0, 0, 1, 3, 3]);
  });
});
