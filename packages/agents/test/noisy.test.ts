import type { Layout } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';
import { drawBatch, Lcg } from './batches.ts';
import { dqnConfig } from './dqn-config.ts';

const spec: Layout = { frames: 1, shape: [4], dtype: 'float32', actions: 3 };
const config = dqnConfig({
  network: { kind: 'mlp', hidden: [8, 6], dueling: true, noisy: {} },
  batchSize: 16,
  updatesPerCall: 2,
});
const agentOf = (seed: number, eager = false) =>
  createAgent({ config, spec, seed, totalUpdates: null, isRepeatable: true, eager });

/** The parameters after so many calls of two updates each, from the batches of a stream. */
function train(agent: Awaited<ReturnType<typeof agentOf>>, calls: number, lcg: Lcg) {
  for (let i = 0; i < calls; i++) {
    agent.update([drawBatch(lcg, spec, 16), drawBatch(lcg, spec, 16)], new Float32Array(32));
  }
  return agent.parameters();
}

describe('an agent with a noisy network', () => {
  it('is the same for a seed to the bit, and goes on from a checkpoint as if it had never stopped', async () => {
    const [whole, again, first] = await Promise.all([1, 1, 1].map((seed) => agentOf(seed)));
    const expected = train(whole, 4, new Lcg(3));
    expect(train(again, 4, new Lcg(3))).toEqual(expected);
    const lcg = new Lcg(3);
    train(first, 2, lcg);
    const resumed = await agentOf(1);
    resumed.restore(first.state());
    expect(train(resumed, 2, lcg)).toEqual(expected);
    for (const each of [whole, again, first, resumed]) each.dispose();
  });

  it('draws other noise with another seed, and learns its deviations', async () => {
    const [one, other] = await Promise.all([agentOf(1), agentOf(2)]);
    other.restore(one.state());
    const before = one.parameters().get('hidden0/kernel/sigma')!.data;
    const [a, b] = [train(one, 2, new Lcg(3)), train(other, 2, new Lcg(3))];
    expect(a).not.toEqual(b);
    expect(a.get('hidden0/kernel/sigma')!.data).not.toEqual(before);
    expect([...one.state().keys()]).toContain('target/hidden0/kernel/sigma');
    for (const each of [one, other]) each.dispose();
  });

  it('is the same compiled and op by op', async () => {
    const [compiled, eager] = await Promise.all([agentOf(1), agentOf(1, true)]);
    const [a, b] = [train(compiled, 3, new Lcg(3)), train(eager, 3, new Lcg(3))];
    for (const [name, { data }] of a) {
      data.forEach((x, i) => {
        expect(Math.abs(x - b.get(name)!.data[i])).toBeLessThan(1e-5);
      });
    }
    for (const each of [compiled, eager]) each.dispose();
  });
});

describe('noise and the statistics of observations', () => {
  const normalized: Layout = { ...spec, normalized: true };
  const of = (noisy: object | null) =>
    dqnConfig({
      network: { kind: 'mlp', hidden: [8, 6], dueling: true, layerNorm: true, noisy },
      objective: { kind: 'iqn', samples: 4, targetSamples: 4, actingSamples: 8, cosines: 8 },
      optimizer: { kind: 'adamw', weightDecay: 0.1 },
      batchSize: 16,
      updatesPerCall: 2,
    });
  const made = (noisy: object | null, eager = false) =>
    createAgent({
      config: of(noisy),
      spec: normalized,
      seed: 1,
      totalUpdates: null,
      isRepeatable: true,
      eager,
    });
  const isOfNormalizer = ([name]: readonly [string, unknown]) => name.startsWith('normalizer/');

  it('do not touch each other, and decay leaves the statistics alone', async () => {
    const [noisy, eager, quiet] = await Promise.all([made({}), made({}, true), made(null)]);
    const [a, b, c] = [noisy, eager, quiet].map((agent) => train(agent, 3, new Lcg(3)));
    const statistics = [...a].filter(isOfNormalizer);
    expect(statistics.length).toBe(3);
    expect(statistics).toEqual([...c].filter(isOfNormalizer));
    expect(a.get('normalizer/count')!.data[0]).toBe(6 * 16);
    for (const [name, { data }] of a) {
      data.forEach((x, i) => {
        expect(Math.abs(x - b.get(name)!.data[i])).toBeLessThan(1e-5);
      });
    }
    for (const each of [noisy, eager, quiet]) each.dispose();
  });
});
