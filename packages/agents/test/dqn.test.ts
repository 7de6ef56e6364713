import type { Layout, TransitionBatch } from '@qfleet/replay';
import { observationArrays } from '@qfleet/spaces';
import { loadTensor } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { type Agent, createAgent, createPolicy } from '../src/index.ts';
import { rowsOf } from './acting.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const layout: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
const small = { network: { kind: 'mlp', hidden: [8, 8] }, batchSize: 8, updatesPerCall: 2 };

const agentOf = (fields: Record<string, unknown> = {}, seed = 1, of: Layout = layout): Promise<Agent> =>
  createAgent({ config: dqnConfig({ ...small, ...fields }), spec: of, seed, totalUpdates: null });

const drawCall = (agent: Agent, lcg: Lcg, of: Layout = layout): TransitionBatch[] =>
  Array.from({ length: agent.batchesPerUpdate }, () => drawBatch(lcg, of, 8));

function train(agent: Agent, lcg: Lcg, calls: number): Float32Array {
  const tdErrors = new Float32Array(agent.batchesPerUpdate * 8);
  for (let call = 0; call < calls; call++) agent.update(drawCall(agent, lcg), tdErrors);
  return tdErrors;
}

describe('the DQN agent', () => {
  it('starts from its seed, with the target equal', async () => {
    const [a, b, c] = [await agentOf({}, 1), await agentOf({}, 1), await agentOf({}, 2)];
    expect(b.state()).toEqual(a.state());
    expect(c.parameters()).not.toEqual(a.parameters());
    for (const [name, tensor] of a.parameters()) expect(a.state().get(`target/${name}`)).toEqual(tensor);
    for (const agent of [a, b, c]) agent.dispose();
  });

  it.each(['soft', 'hard', 'stochastic'])('continues bit for bit from its state (%s)', async (kind) => {
    const fields = { target: { kind, ...(kind === 'hard' ? { every: 3 } : {}) }, learningRateDecay: 0.5 };
    const first = await agentOf(fields);
    const lcg = new Lcg(5);
    train(first, lcg, 3);
    const second = await agentOf(fields);
    second.restore(first.state());
    const errors = [first, second].map((agent) => train(agent, new Lcg(6), 4));
    expect(errors[1]).toEqual(errors[0]);
    expect(second.state()).toEqual(first.state());
    first.dispose();
    second.dispose();
  });

  it.each([
    [false, 'online'],
    [true, 'target'],
  ])('gives out the online network, or the target where that is published (%s)', async (publish, part) => {
    const agent = await agentOf({ target: { kind: 'soft', tau: 0.1, publish } });
    train(agent, new Lcg(5), 3);
    const state = agent.state();
    const [[some]] = agent.parameters();
    expect(state.get(`online/${some}`)).not.toEqual(state.get(`target/${some}`));
    for (const [name, tensor] of agent.parameters()) expect(state.get(`${part}/${name}`)).toEqual(tensor);
    agent.dispose();
  });

  it('normalizes by the statistics of what it was given, and continues bit for bit with them', async () => {
    const of: Layout = { ...layout, normalized: true };
    const first = await agentOf({}, 1, of);
    const lcg = new Lcg(5);
    const seen: number[] = [];
    const draw = (from: Lcg) =>
      drawCall(first, from, of).map((batch) => {
        const observations = batch.observations.map(
          (x, i) => 50 * (i % 4) + (1 + (i % 4)) * x,
        ) as Float32Array;
        return { ...batch, observations, nextObservations: observations };
      });
    const tdErrors = new Float32Array(16);
    for (let call = 0; call < 20; call++) {
      const batches = draw(lcg);
      for (const { observations } of batches) seen.push(...observations);
      first.update(batches, tdErrors);
    }
    const parameters = first.parameters();
    expect(parameters.get('normalizer/count')!.data).toEqual(Float32Array.of(seen.length / 4));
    for (let element = 0; element < 4; element++) {
      const column = seen.filter((_, i) => i % 4 === element);
      const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
      const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length;
      expect(parameters.get('normalizer/mean')!.data[element]).toBeCloseTo(mean, 3);
      expect(parameters.get('normalizer/variance')!.data[element] / variance).toBeCloseTo(1, 4);
    }

    // An actor of these weights values states as the learner does, and changes no statistic.
    const policy = await createPolicy({ config: dqnConfig(small), spec: of });
    policy.load(parameters);
    const [batch] = draw(new Lcg(8));
    const values = new Float32Array(24);
    policy.act(rowsOf(policy, batch.observations, 8, { values }));
    const still = await agentOf({ updatesPerCall: 1, target: { kind: 'hard', every: 1000 } }, 1, of);
    still.restore(first.state());
    const last: TransitionBatch = { ...batch, discounts: new Float32Array(8) };
    still.update([last], tdErrors.subarray(0, 8));
    for (let row = 0; row < 8; row++) {
      // The learner has this batch in its statistics by then: one of 41.
      expect(
        Math.abs(tdErrors[row] - Math.abs(batch.returns[row] - values[row * 3 + batch.actions[row]])),
      ).toBeLessThan(0.1);
    }

    const second = await agentOf({}, 2, of);
    second.restore(first.state());
    const errors = [first, second].map((agent) => {
      const from = new Lcg(6);
      for (let call = 0; call < 4; call++) agent.update(draw(from), tdErrors);
      return [...tdErrors];
    });
    expect(errors[1]).toEqual(errors[0]);
    expect(second.state()).toEqual(first.state());
    const missing = new Map([...first.state()].filter(([name]) => name !== 'normalizer/mean'));
    expect(() => second.restore(missing)).toThrow('Parameter "normalizer/mean" is missing');
    for (const agent of [first, second, still]) agent.dispose();
  });

  it('gives the TD errors of every row, and weights scale its steps', async () => {
    const agent = await agentOf({ updatesPerCall: 1, target: { kind: 'hard', every: 1000 } });
    const batch = { ...drawBatch(new Lcg(1), layout, 8), discounts: new Float32Array(8) };
    const policy = await createPolicy({ config: dqnConfig(small), spec: layout });
    policy.load(agent.parameters());
    const values = new Float32Array(24);
    policy.act(rowsOf(policy, batch.observations, 8, { values }));
    const tdErrors = new Float32Array(8);
    agent.update([batch], tdErrors);
    for (let row = 0; row < 8; row++) {
      // Without a bootstrap, the target is the return.
      const error = batch.returns[row] - values[row * 3 + batch.actions[row]];
      expect(tdErrors[row]).toBeCloseTo(Math.abs(error), 5);
    }

    const still = await agentOf({ updatesPerCall: 1 });
    const before = still.parameters();
    const stats = still.update([{ ...batch, weights: new Float32Array(8) }], tdErrors);
    expect(stats.numbers).toMatchObject({ loss: 0, gradientNorm: 0 });
    expect(still.parameters()).toEqual(before);
    agent.dispose();
    still.dispose();
  });

  it.each([
    [0, false],
    [1, true],
  ])('copies the target to the bit with probability %d', async (probability, copied) => {
    const agent = await agentOf({ target: { kind: 'stochastic', probability } });
    const start = agent.parameters();
    train(agent, new Lcg(3), 2);
    const state = agent.state();
    for (const [name, online] of agent.parameters()) {
      expect(online).not.toEqual(start.get(name));
      expect(state.get(`target/${name}`)).toEqual(copied ? online : start.get(name));
    }
    agent.dispose();
  });

  it('learns a Discrete, an int32, a uint8 and a float16 observation', async () => {
    const layouts: Layout[] = [
      { frames: 1, shape: [], dtype: 'int32', count: 5, actions: 2 },
      { frames: 1, shape: [3], dtype: 'int32', actions: 2 },
      { frames: 1, shape: [2, 3], dtype: 'uint8', actions: 2 },
      { frames: 1, shape: [3], dtype: 'float16', actions: 2 },
    ];
    for (const of of layouts) {
      const agent = await agentOf({ learningRate: 0.02, updatesPerCall: 1 }, 1, of);
      const size = of.shape.reduce((product, n) => product * n, 1);
      const lcg = new Lcg(8);
      const observations = new observationArrays[of.dtype](8 * size).map(() => lcg.integer(5));
      const actions = new Int32Array(8).map(() => lcg.integer(2));
      const batch = {
        ...drawBatch(lcg, { ...layout, actions: 2 }, 8),
        observations,
        actions,
        // What the observation and the action tell, so that the loss can go to 0.
        returns: Float32Array.from(actions, (action, row) => observations[row * size] - action),
        discounts: new Float32Array(8),
        nextObservations: observations,
      };
      const tdErrors = new Float32Array(8);
      const first = agent.update([batch], tdErrors).numbers['loss'];
      for (let update = 0; update < 150; update++) agent.update([batch], tdErrors);
      expect(agent.update([batch], tdErrors).numbers['loss']).toBeLessThan(first / 4);
      agent.dispose();
    }
  });

  it('keeps no tensors beyond its state', async () => {
    const { tf } = await loadTensor();
    const before = tf.memory().numTensors;
    const agent = await agentOf();
    const lcg = new Lcg(1);
    train(agent, lcg, 1);
    const held = tf.memory().numTensors;
    train(agent, lcg, 20);
    agent.restore(agent.state());
    expect(tf.memory().numTensors).toBe(held);
    agent.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a state of another network and batches of another form, and stays as it was', async () => {
    const agent = await agentOf();
    const before = agent.state();
    const other = await agentOf({ network: { kind: 'mlp', hidden: [8, 9] } });
    expect(() => agent.restore(other.state())).toThrow(
      /"online\/hidden1\/kernel" has shape \[8,9\].*\[8,8\]/,
    );
    const missing = new Map([...before].filter(([name]) => name !== 'updates'));
    expect(() => agent.restore(missing)).toThrow(/"updates" is missing/);

    const lcg = new Lcg(1);
    const tdErrors = new Float32Array(16);
    expect(() => agent.update([drawBatch(lcg, layout, 8)], tdErrors)).toThrow(/takes 2 batches, not 1/);
    const twice = (batch: ReturnType<typeof drawBatch>) => () => agent.update([batch, batch], tdErrors);
    expect(twice(drawBatch(lcg, layout, 9))).toThrow(/'observations' has 36 values.*\[8, 4\]/);
    expect(twice(drawBatch(lcg, { ...layout, frames: 1, shape: [5] }, 8))).toThrow(/40 values.*\[8, 4\]/);
    expect(agent.state()).toEqual(before);
    agent.dispose();
    other.dispose();
  });
});
