import { createAgent, createPolicy } from '@qfleet/agents';
import { replayRunConfig, runSchema } from '@qfleet/config';
import { box, createEnvironment, defineEnvironment, discrete, type OwnEnvironment } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { decodeChunk, MASK, MemoryReplayStore, makeTransitionBatch, Replay } from '@qfleet/replay';
import { describe, expect, it } from 'vitest';
import { layoutOf, playGreedyEpisodes, Rollout } from '../src/index.ts';
import { oneRow, roundRobin } from './fixtures.ts';

/**
 * A row of 5 cells: action a moves to cell a, and only to a neighbour. The masked actions would pay most: a learner that
 * lets them into a maximum values states far too highly.
 */
const walk = (change: Partial<OwnEnvironment> = {}, masked = true) =>
  defineEnvironment({
    id: 'Walk-v0',
    observationSpace: box({ low: 0, high: 1, shape: [5] }),
    actionSpace: discrete(5),
    ...(masked ? { masked: true } : {}),
    maxEpisodeSteps: 12,
    create: (random) => {
      let at = 0;
      const observe = () => [0, 1, 2, 3, 4].map((cell) => Number(cell === at));
      return {
        reset() {
          at = random.integer(4);
          return observe();
        },
        step(action) {
          if (Math.abs(action - at) !== 1) throw new Error(`from ${at} to ${action}`);
          at = action;
          return { observation: observe(), reward: at === 4 ? 1 : 0, terminated: at === 4 };
        },
        mask: () => [0, 1, 2, 3, 4].map((cell) => Math.abs(cell - at) === 1),
        ...change,
      };
    },
  });

const agentOf = (fields: object) =>
  replayRunConfig(runSchema.parse({ environment: { id: 'x' }, agent: fields })).agent;
const SMALL = {
  kind: 'dqn',
  network: { kind: 'mlp', hidden: [16] },
  batchSize: 32,
  learningRate: 0.01,
  target: { kind: 'soft', tau: 0.1 },
  discount: 0.9,
  updatesPerCall: 1,
};

describe('action masks', () => {
  it.each([
    ['double Q', { ...SMALL, doubleQ: true }],
    ['max', { ...SMALL, doubleQ: false }],
  ])('are obeyed, stored, and keep masked values out of the targets (%s)', async (_, fields) => {
    const definition = walk();
    const layout = layoutOf(definition);
    const config = agentOf(fields);
    const [agent, policy] = await Promise.all([
      createAgent({ config, spec: layout, seed: 1, totalUpdates: null }),
      createPolicy({ config, spec: layout }),
    ]);
    policy.load(agent.parameters());
    const rollout = new Rollout({
      definition,
      layout,
      policy,
      writer: 'w',
      chunkLength: 4,
      seed: 3,
      epsilon: (slot) => [1, 0.5, 0][slot],
      tdErrors: { discount: 0.9, nSteps: 1 },
    });
    for (const slot of [0, 1, 2]) rollout.addSlot(slot);
    // An action that is not allowed would throw.
    for (let step = 0; step < 400; step++) rollout.step();
    const chunks = rollout.takeChunks();
    for (const bytes of chunks) {
      const { observations, actions, length, columns, end } = decodeChunk(bytes, layout, true);
      for (let t = 0; t <= length; t++) {
        const at = observations.subarray(t * 5, t * 5 + 5).indexOf(1);
        const mask = [...columns![MASK].subarray(t * 5, t * 5 + 5)];
        // Everything is allowed in a state that nobody acts in.
        const last = t === length && end !== 'continues';
        expect(mask).toEqual([0, 1, 2, 3, 4].map((cell) => Number(last || Math.abs(cell - at) === 1)));
        if (t < length) expect(mask[actions[t]]).toBe(1);
      }
    }
    const store = new MemoryReplayStore(layout, { transitions: 10_000, bytes: 1e9 });
    await store.append(chunks);
    const replay = new Replay(store, { layout, capacity: 10_000, discount: 0.9, unit: agent.unit });
    await replay.sync();
    const batch = makeTransitionBatch(32, layout);
    const random = new Random(2);
    const priorities = new Float32Array(32);
    for (let update = 0; update < 1200; update++) {
      await replay.sample(batch, random);
      agent.update([batch], priorities);
    }
    policy.load(agent.parameters());
    const { returns, lengths } = await playGreedyEpisodes({ definition, policy, episodes: 20, seed: 5 });
    expect(returns).toEqual(new Array(20).fill(1));
    expect(Math.max(...lengths)).toBe(4);
    // Q of the right step is 0.9^(steps left − 1): masked values, which nothing trains, are in no target.
    const values = new Float32Array(5);
    for (const at of [0, 1, 2, 3]) {
      const state = Float32Array.from([0, 1, 2, 3, 4], (cell) => Number(cell === at));
      policy.act(oneRow(policy, state, { values }));
      expect(Math.abs(values[at + 1] - 0.9 ** (3 - at))).toBeLessThan(0.08);
    }
    agent.dispose();
  });

  it('keep masked values out of the first priorities', () => {
    const definition = walk();
    const layout = layoutOf(definition);
    const rollout = new Rollout({
      definition,
      layout,
      policy: {
        ...roundRobin,
        // Q is 1 for what may be done in a state, and 10 for what may not.
        act: ({ states, count, actions, values }) => {
          for (let row = 0; row < count; row++) {
            const at = states.subarray(5 * row, 5 * row + 5).indexOf(1);
            actions[row] = at + 1;
            for (let action = 0; action < 5; action++)
              values![5 * row + action] = Math.abs(action - at) === 1 ? 1 : 10;
          }
        },
      },
      writer: 'w',
      chunkLength: 4,
      seed: 3,
      epsilon: () => 0,
      tdErrors: { discount: 0.9, nSteps: 1 },
    });
    rollout.addSlot(0);
    for (let step = 0; step < 40; step++) rollout.step();
    const chunks = rollout.takeChunks().map((bytes) => decodeChunk(bytes, layout, true));
    expect(chunks.length).toBeGreaterThan(10);
    for (const { priorities, rewards } of chunks) {
      // |r + 0.9 − 1|; 0 at the end, where the reward of 1 is all that is left.
      for (const [i, priority] of priorities!.entries())
        expect(priority).toBeCloseTo(rewards[i] === 1 ? 0 : 0.1);
    }
  });

  it('are chosen from uniformly where a policy explores', async () => {
    const layout = layoutOf(walk());
    const policy = await createPolicy({ config: agentOf(SMALL), spec: layout });
    const agent = await createAgent({ config: agentOf(SMALL), spec: layout, seed: 1, totalUpdates: null });
    policy.load(agent.parameters());
    const counts = new Float64Array(5);
    const random = new Random(1);
    const actions = new Int32Array(1);
    const [state, always, mask] = [
      Float32Array.of(0, 1, 0, 0, 0),
      Float32Array.of(1),
      Uint8Array.of(1, 0, 1, 0, 1),
    ];
    for (let i = 0; i < 9_000; i++) {
      policy.act(oneRow(policy, state, { epsilons: always, random, actions, masks: mask }));
      counts[actions[0]]++;
    }
    expect([counts[1], counts[3]]).toEqual([0, 0]);
    // 3000 expected of each, within 4 standard deviations of 45.
    for (const action of [0, 2, 4]) expect(Math.abs(counts[action] - 3000)).toBeLessThan(180);
    agent.dispose();
  });

  it('that are wrong are told by environment, slot, episode and step', () => {
    const refusal = (change: Partial<OwnEnvironment>, message: RegExp) => {
      const environment = createEnvironment(walk(change), new Random(1), 7);
      environment.reset(new Float32Array(5));
      expect(() => environment.mask!(new Uint8Array(5))).toThrow(message);
    };
    refusal({ mask: () => [0, 0, 0, 0, 0] }, /Walk-v0.*slot 7.*step 0.*the mask allows no action/);
    refusal({ mask: () => [1, 0] }, /Walk-v0.*slot 7.*mask returned 2 values: it must be 5/);
    refusal({ mask: () => [1, 0, 2, 0, 0] }, /element 2 of the mask is 2: it must be 0, 1, true or false/);
    refusal({ mask: () => 'all' as never }, /mask returned/);
    const create = (change: Partial<OwnEnvironment>, masked: boolean) => () =>
      createEnvironment(walk(change, masked), new Random(1));
    expect(create({ mask: undefined as never }, true)).toThrow(
      /says masked, so create must return .* mask\(\)/,
    );
    expect(create({}, false)).toThrow(/write masked: true in the definition/);
  });
});
