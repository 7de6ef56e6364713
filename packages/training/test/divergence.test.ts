import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgent, type Weights, type WeightsChannel } from '@qfleet/agents';
import { type ReplayRunConfig, replayRunConfig, runSchema } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { ChunkBuilder, type Layout, MemoryReplayStore } from '@qfleet/replay';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DivergenceWatch } from '../src/divergence.ts';
import { CheckpointFolder, DivergenceError, latestCheckpoint, Trainer } from '../src/index.ts';

const states: Layout = { frames: 1, shape: [], dtype: 'int32', count: 4, actions: 2 };
const box: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 2 };
const image: Layout = { frames: 1, shape: [36, 36], dtype: 'uint8', actions: 2 };

const mlp = { kind: 'dqn', network: { kind: 'mlp', hidden: [8] }, loss: 'mse', gradientClip: null };
const few = { batchSize: 8, updatesPerCall: 4 };

function configOf(agent: object, replay: object = {}): ReplayRunConfig {
  return replayRunConfig(
    runSchema.parse({
      environment: { id: 'x' },
      agent: { ...agent, ...few },
      replay: { minSize: 8, samplesPerInsert: null, chunkLength: 8, ...replay },
      learner: { publishEvery: 4, checkpointEvery: 8 },
      evaluation: { every: 8 },
      stop: { maxUpdates: 100_000 },
    }),
  );
}

class Channel implements WeightsChannel {
  readonly published: Weights[] = [];
  mayPublish(): boolean {
    return true;
  }
  async publish(weights: Weights): Promise<number> {
    this.published.push(weights);
    return 0;
  }
  async version(): Promise<number> {
    return this.published.length;
  }
}

const areFinite = (tensors: Weights['tensors']): boolean =>
  [...tensors.values()].every(({ data }) => data.every(Number.isFinite));

describe('a learner whose numbers leave the finite ones', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qfleet-divergence-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function setUp(config: ReplayRunConfig, layout: Layout) {
    const agent = await createAgent({ config: config.agent, spec: layout, seed: 1, totalUpdates: null });
    const store = new MemoryReplayStore(layout, { transitions: 1_000, bytes: 1e9 });
    const channel = new Channel();
    const random = new Random(1);
    const trainer = new Trainer({
      config,
      layout,
      agent,
      store,
      channel,
      evaluations: { request: async () => undefined, takeAbandoned: () => [], results: async () => [] },
      checkpoints: new CheckpointFolder(directory, 3),
      from: null,
    });
    let sequence = 0;
    const add = async (reward: number): Promise<void> => {
      const builder = new ChunkBuilder({
        layout,
        writer: `w${sequence}`,
        slot: 0,
        chunkLength: 8,
        sequence: () => sequence++,
      });
      const elements = layout.shape.reduce((product, n) => product * n, 1);
      const observe = () => {
        const whole = layout !== box;
        const values = Array.from({ length: elements }, () => (whole ? random.integer(4) : random.uniform()));
        return layout === states
          ? Int32Array.from(values)
          : layout === box
            ? Float32Array.from(values)
            : Uint8Array.from(values);
      };
      builder.begin(observe(), 0);
      for (let t = 0; t < 8; t++) {
        const chunk = builder.push(
          random.integer(2),
          reward,
          observe(),
          0,
          t === 7 ? 'truncated' : 'continues',
        );
        if (chunk) await store.append([chunk]);
      }
    };
    const train = async (calls: number): Promise<void> => {
      await trainer.synchronize();
      for (let call = 0; call < calls; call++) {
        await trainer.update();
        trainer.startDueWork();
        await trainer.settle();
      }
    };
    return { add, agent, channel, train, trainer };
  }

  it('is met by a Huber loss where the objective has one', () => {
    const said = (fields: object): string => {
      const watch = new DivergenceWatch(configOf({ ...mlp, ...fields }).agent);
      try {
        watch.beforeLeaving(new Map([['w', { shape: [1], data: Float32Array.of(Number.NaN) }]]));
      } catch (error) {
        return (error as DivergenceError).message;
      }
      return 'nothing';
    };
    expect(said({})).toContain('set agent.loss=huber, agent.gradientClip=10, a lower');
    expect(said({ loss: 'huber' })).toContain('; set agent.gradientClip=10, a lower');
    expect(said({ objective: { kind: 'qr' } })).toContain('; set agent.gradientClip=10, a lower');
  });

  const cases: [string, object, object, Layout, number, RegExp][] = [
    [
      'uniform sampling, updates unrolled',
      mlp,
      {},
      box,
      1e25,
      /\(loss (Infinity|NaN), gradient norm (Infinity|NaN), largest \|reward\| of the batch 1e\+25, largest \|observation\| [01]\.?\d*\); set agent\.loss=huber, agent\.gradientClip=10, a lower agent\.learningRate/,
    ],
    ['priorities', mlp, { sampling: { kind: 'prioritized' } }, box, 1e25, /agent\.gradientClip=10/],
    [
      'targets that overflow',
      { kind: 'dqn', network: { kind: 'mlp', hidden: [8] }, nSteps: 4 },
      {},
      box,
      3e38,
      /the targets are not finite .*largest \|reward\| of the batch Infinity over 4 steps/,
    ],
    [
      'convolutions and a target that is copied',
      { ...mlp, network: { kind: 'nature-cnn', hidden: [8] }, target: { kind: 'hard', every: 2 } },
      {},
      image,
      1e25,
      /largest \|observation\| 3\)/,
    ],
    [
      'a table',
      { kind: 'tabular', discount: 0.99, learningRate: 0.5 },
      {},
      states,
      3e38,
      /: q is no longer finite \(loss .*set a lower agent\.learningRate than 0\.5 or agent\.discount below 0\.99/,
    ],
  ];

  it.each(cases)(
    'ends in one sentence and keeps what was finite: %s',
    async (_, agent, replay, layout, reward, said) => {
      const { add, channel, train, trainer } = await setUp(configOf(agent, replay), layout);
      for (let i = 0; i < 8; i++) await add(1);
      await trainer.start();
      await train(10);
      const { updates } = trainer;
      for (let i = 0; i < 8; i++) await add(reward);
      const failure = await train(200).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DivergenceError);
      const { message } = failure as DivergenceError;
      expect(message).toMatch(said);
      expect(message).toMatch(/^Training diverged at update \d+: [^\n]*\.$/);
      const at = Number(/update (\d+)/.exec(message)![1]);
      expect(at).toBeGreaterThan(updates);
      expect(at).toBeLessThanOrEqual(trainer.updates + few.updatesPerCall);
      expect(channel.published.every(({ tensors }) => areFinite(tensors))).toBe(true);
      const latest = await latestCheckpoint(directory);
      expect(latest!.updates).toBeGreaterThanOrEqual(updates - 8);
      expect(latest!.updates).toBeLessThan(at);
      expect(areFinite(latest!.state)).toBe(true);
    },
  );

  it('does not end for one reward that clipping makes harmless, but where nothing else is left', async () => {
    const { add, agent, train, trainer } = await setUp(configOf({ ...mlp, gradientClip: 10 }), box);
    for (let i = 0; i < 60; i++) await add(1);
    await trainer.start();
    await add(1e25);
    await train(50);
    expect(areFinite(agent.state())).toBe(true);
    for (let i = 0; i < 120; i++) await add(1e25);
    await expect(train(200)).rejects.toThrow(
      /the gradients overflowed 100 times in a row, so that nothing is learned/,
    );
    expect(areFinite(agent.state())).toBe(true);
  });

  it('notices before a checkpoint what no update has shown', async () => {
    const { add, agent, train, trainer } = await setUp(configOf(mlp), box);
    for (let i = 0; i < 8; i++) await add(1);
    await trainer.start();
    await train(1);
    const state = new Map(agent.state());
    const [name] = [...state.keys()].filter((key) => key.startsWith('target/'));
    const { shape, data } = state.get(name)!;
    agent.state = () => new Map([...state, [name, { shape, data: data.map(() => Number.NaN) }]]);
    await expect(trainer.finish(false)).rejects.toThrow(
      `Training diverged at update 4: ${name} is no longer finite`,
    );
    expect(await latestCheckpoint(directory)).toBeNull();
  });
});
