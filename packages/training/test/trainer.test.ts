import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type Agent, createAgent, type Weights, type WeightsChannel } from '@qfleet/agents';
import { type ReplayRunConfig, replayRunConfig, runSchema } from '@qfleet/config';
import { Random } from '@qfleet/random';
import {
  ChunkBuilder,
  FencedError,
  type Layout,
  MemoryReplayStore,
  makeTransitionBatch,
  type OpenChunk,
  type PriorityStore,
} from '@qfleet/replay';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { confirmationSeed } from '../src/evaluation/request.ts';
import {
  bestCheckpoint,
  type Checkpoint,
  CheckpointFolder,
  type EvaluationRequest,
  type EvaluationResult,
  latestCheckpoint,
  listCheckpoints,
  type ReplayTrainerParts,
  runTrainer,
  Trainer,
} from '../src/index.ts';

/** Five states in a row; action 1 goes right, 0 left; 1 for reaching the right end, which is terminal. */
const STATES = 5;
const layout: Layout = {
  frames: 1,
  shape: [],
  dtype: 'int32',
  count: STATES,
  actions: 2,
};
const DISCOUNT = 0.9;

function configOf(overrides: Record<string, object> = {}): ReplayRunConfig {
  return replayRunConfig(
    runSchema.parse({
      environment: { id: 'Corridor' },
      agent: { kind: 'tabular', discount: DISCOUNT, learningRate: 0.5, batchSize: 16, updatesPerCall: 2 },
      fleet: { slots: 1 },
      ...overrides,
      replay: { capacity: 2_000, minSize: 100, samplesPerInsert: 4, chunkLength: 8, ...overrides.replay },
      learner: { publishEvery: 10, checkpointEvery: 20, ...overrides.learner },
      evaluation: { every: 40, ...overrides.evaluation },
      stop: { maxUpdates: 200, ...overrides.stop },
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
    return 100;
  }
  async version(): Promise<number> {
    return this.published.at(-1)?.version ?? 0;
  }
}

/** Gives the number of updates as every return; on fresh episodes what `fresh` says. */
class CountingEvaluations {
  readonly requests: EvaluationRequest[] = [];
  readonly confirmations: number[] = [];
  readonly abandoned: Pick<EvaluationRequest, 'id' | 'updates'>[] = [];
  fresh = (updates: number): number => updates;
  readonly #config: ReplayRunConfig;
  constructor(config: ReplayRunConfig) {
    this.#config = config;
  }
  #next = 0;
  async request(request: EvaluationRequest): Promise<void> {
    this.requests.push(request);
  }
  takeAbandoned(): Pick<EvaluationRequest, 'id' | 'updates'>[] {
    return this.abandoned.splice(0);
  }
  async results(): Promise<EvaluationResult[]> {
    const fresh = this.requests.slice(this.#next);
    this.#next = this.requests.length;
    return fresh.map(({ id, updates, seed }) => {
      const confirms = seed === confirmationSeed(this.#config, updates);
      if (confirms) this.confirmations.push(updates);
      const mean = confirms ? this.fresh(updates) : updates;
      return { id, updates, seed, returns: [mean], mean, std: 0, seconds: 0 };
    });
  }
}

/** Uniformly random steps in the corridor, as encoded chunks. */
function* corridorChunks(seed: number): Generator<OpenChunk, never> {
  const random = new Random(seed);
  let sequence = 0;
  const builder = new ChunkBuilder({
    layout,
    writer: 'w',
    slot: 0,
    chunkLength: 8,
    sequence: () => sequence++,
  });
  for (;;) {
    let state = random.integer(STATES - 1);
    builder.begin(Int32Array.of(state), 0);
    for (let ended = false; !ended; ) {
      const action = random.integer(2);
      state = Math.max(0, state + (action === 1 ? 1 : -1));
      ended = state === STATES - 1;
      const bytes = builder.push(
        action,
        ended ? 1 : 0,
        Int32Array.of(state),
        0,
        ended ? 'terminated' : 'continues',
      );
      if (bytes) yield bytes;
    }
  }
}

function expectCorridorValues(agent: Agent): void {
  const [{ data }] = agent.parameters().values();
  for (let state = 0; state < STATES - 1; state++) {
    expect(data[2 * state + 1]).toBeCloseTo(DISCOUNT ** (STATES - 2 - state), 4);
    expect(data[2 * state]).toBeCloseTo(DISCOUNT ** (STATES - 1 - Math.max(0, state - 1)), 4);
  }
}

describe('Trainer', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'qfleet-trainer-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function setUp(
    config: ReplayRunConfig,
    store = new MemoryReplayStore(layout, { transitions: 2_000, bytes: 1e9 }),
    parts: Partial<Pick<ReplayTrainerParts, 'saving' | 'callsAhead' | 'checkpoints' | 'listener'>> = {},
  ) {
    const agent = await createAgent({
      config: config.agent,
      spec: layout,
      seed: config.seed,
      totalUpdates: null,
    });
    const channel = new Channel();
    const evaluations = new CountingEvaluations(config);
    const checkpoints = new CheckpointFolder(directory, 50);
    const from = await latestCheckpoint(directory);
    const trainer = new Trainer({
      config,
      layout,
      agent,
      store,
      channel,
      evaluations,
      checkpoints,
      from,
      ...parts,
    });
    return { agent, channel, evaluations, store, trainer };
  }

  async function fill(
    store: MemoryReplayStore,
    transitions: number,
    chunks = corridorChunks(1),
  ): Promise<void> {
    while ((await store.standing()).insertedTotal < transitions) await store.append([chunks.next().value]);
  }

  it("learns the corridor's optimal values, in closed form γ^(distance − 1)", async () => {
    const { agent, store, trainer } = await setUp(
      configOf({ replay: { samplesPerInsert: null }, stop: { maxUpdates: 3_000 } }),
    );
    await fill(store, 1_500);
    await trainer.start();
    expect(await runTrainer(trainer, new AbortController().signal, noWaits())).toBe('maxUpdates');
    await trainer.finish(false);
    expectCorridorValues(agent);
    expect(trainer.counts.fetchWaitSeconds).toBe(0);
  });

  it('learns them from batches drawn ahead too, and says how long it waited for those', async () => {
    const far = new MemoryReplayStore(layout, { transitions: 2_000, bytes: 1e9 });
    const fetch = far.fetch.bind(far);
    far.fetch = async (ids) => {
      await setImmediate();
      return fetch(ids);
    };
    const config = configOf({
      replay: { samplesPerInsert: null },
      learner: { cacheBytes: 256 },
      stop: { maxUpdates: 3_000 },
    });
    const { agent, store, trainer } = await setUp(config, far, { callsAhead: 3 });
    await fill(store, 1_500);
    await trainer.start();
    expect(await runTrainer(trainer, new AbortController().signal, noWaits())).toBe('maxUpdates');
    await trainer.finish(false);
    expectCorridorValues(agent);
    expect(trainer.replay!.counts.refetchedChunks).toBeGreaterThan(10_000);
    expect(trainer.counts.fetchWaitSeconds).toBeGreaterThan(0);
    // What was drawn ahead and not used does not count.
    expect((await store.standing()).sampledTotal).toBe(3_000 * 16);
  });

  it('holds the sample-to-insert ratio within 5 % and says why it waits', async () => {
    const { store, trainer } = await setUp(
      configOf({ learner: { checkpointEvery: 1e6 }, evaluation: { every: 1e6 } }),
    );
    await trainer.start();
    const chunks = corridorChunks(2);
    expect(trainer.waitReason()).toBe('too little experience');
    for (let target = 500; target <= 20_000; target += 500) {
      await fill(store, target, chunks);
      await trainer.synchronize();
      while (trainer.waitReason() === null) await trainer.update();
      expect(trainer.waitReason()).toBe('sample-to-insert ratio');
    }
    await trainer.synchronize();
    const { insertedTotal, sampledTotal } = await store.standing();
    expect(sampledTotal).toBe(trainer.counts.sampled);
    const { published, publishedBytes, publishSeconds } = trainer.counts;
    expect([publishedBytes, published > 0]).toEqual([100 * published, true]);
    expect(publishSeconds).toBeGreaterThan(0);
    const ratio = sampledTotal / (insertedTotal - 100);
    expect(ratio / 4).toBeGreaterThan(0.95);
    expect(ratio / 4).toBeLessThan(1.05);
  });

  it('leaves its priorities to the trainer after it, and stops when they are refused', async () => {
    const kept = new Map<number, Float32Array>();
    let newest = 0;
    const priorities: PriorityStore = {
      async savePriorities(_generation, blocks, fence) {
        if (fence < newest) throw new FencedError('Another learner took over.');
        newest = fence;
        for (const { id, values } of blocks) kept.set(id, values);
      },
      loadPriorities: async (ids) => ids.map((id) => kept.get(id) ?? null),
    };
    const config = configOf({ replay: { samplesPerInsert: null, sampling: { kind: 'prioritized' } } });
    const saving = (fence: number) => ({ saving: { store: priorities, fence } });
    const { store, trainer } = await setUp(config, undefined, saving(1));
    await fill(store, 500);
    await trainer.start();
    for (let i = 0; i < 20; i++) await trainer.update();
    await trainer.finish(false);
    expect(kept.size).toBeGreaterThan(10);

    const drawn = async ({ replay }: Trainer) => {
      const batch = makeTransitionBatch(64, layout);
      await replay!.sample(batch, new Random(3));
      return [...batch.handles];
    };
    const { trainer: next } = await setUp(config, store, saving(2));
    await next.start();
    expect(await drawn(next)).toEqual(await drawn(trainer));
    const { trainer: fresh } = await setUp(config, store);
    await fresh.start();
    expect(await drawn(fresh)).not.toEqual(await drawn(trainer));

    await next.finish(false);
    await trainer.update();
    await expect(trainer.finish(false)).rejects.toThrow(FencedError);
  });

  it('publishes, checkpoints and asks for evaluations when they are due', async () => {
    const { channel, evaluations, store, trainer } = await setUp(
      configOf({ replay: { samplesPerInsert: null } }),
    );
    await fill(store, 500);
    await trainer.start();
    while (trainer.stopReason() === null) {
      await trainer.update();
      trainer.startDueWork();
      await trainer.settle();
    }
    await trainer.finish(true);
    expect(channel.published.map(({ version, updates }) => [version, updates])).toEqual(
      Array.from({ length: 21 }, (_, i) => [i + 1, 10 * i]),
    );
    expect(evaluations.requests.map(({ updates }) => updates)).toEqual([40, 80, 120, 160, 200]);
    expect(new Set(evaluations.requests.map(({ seed }) => seed)).size).toBe(5);
    expect(await listCheckpoints(directory)).toHaveLength(10);
    await trainer.scores.collect();
    expect(trainer.scores.best?.updates).toBe(200);
    // One that was given up is not waited for.
    trainer.scores.expect({ id: 'another' });
    expect(trainer.scores.pending).toBe(1);
    evaluations.abandoned.push({ id: 'another', updates: 200 });
    await trainer.scores.collect();
    expect(trainer.scores.pending).toBe(0);
  });

  it('loses no more than an interval of checkpoints, however slow they are, and begins them earlier then', async () => {
    class SlowFolder extends CheckpointFolder {
      durable = 0;
      readonly begun: number[] = [];
      override async write(checkpoint: Checkpoint, awaitEvaluation: boolean): Promise<void> {
        this.begun.push(checkpoint.updates);
        await sleep(5);
        await super.write(checkpoint, awaitEvaluation);
        this.durable = checkpoint.updates;
      }
    }
    const checkpoints = new SlowFolder(directory, 3);
    const { agent, store, trainer } = await setUp(
      configOf({ replay: { samplesPerInsert: null }, stop: { maxUpdates: 400 } }),
      undefined,
      { checkpoints },
    );
    await fill(store, 500);
    await trainer.start();
    let most = 0;
    const update = agent.update.bind(agent);
    agent.update = (batches, tdErrors) => {
      most = Math.max(most, trainer.updates + batches.length - checkpoints.durable);
      return update(batches, tdErrors);
    };
    const waits = noWaits();
    await runTrainer(trainer, new AbortController().signal, waits);
    expect(most).toBe(20);
    expect(waits.checkpoint).toBeGreaterThan(0);
    expect(checkpoints.begun[0]).toBe(20);
    expect(checkpoints.begun.slice(1).map((updates, i) => updates - checkpoints.begun[i])).toContain(10);
    await trainer.finish(false);
  });

  it('stops as solved only where fresh episodes reach the goal too', async () => {
    const config = configOf({
      replay: { samplesPerInsert: null },
      stop: { solvedReturn: 100, maxUpdates: 1e6 },
    });
    const unconfirmed: [number, number][] = [];
    const { evaluations, store, trainer } = await setUp(config, undefined, {
      listener: { onUnconfirmed: (first, fresh) => unconfirmed.push([first.mean, fresh.mean]) },
    });
    evaluations.fresh = (updates) => (updates < 160 ? 90 : 101);
    await fill(store, 500);
    await trainer.start();
    while (trainer.stopReason() === null) {
      await trainer.update();
      trainer.startDueWork();
      do await trainer.settle();
      while ((await trainer.collectEvaluations()) > 0);
      // A checkpoint that was lucky is worth what both evaluations say.
      if (trainer.updates === 120) expect(trainer.scores.best?.mean).toBe(105);
    }
    expect(trainer.stopReason()).toBe('solved');
    expect(evaluations.confirmations).toEqual([120, 160]);
    expect(unconfirmed).toEqual([[120, 90]]);
    expect(trainer.scores.best).toMatchObject({ updates: 160, mean: 160, confirmation: { mean: 101 } });
    await trainer.finish(false);

    // A learner that was killed before it could say so knows it.
    const { trainer: next } = await setUp(config, store);
    await next.start();
    expect(next.stopReason()).toBe('solved');
    // A higher goal is another one.
    const { trainer: other } = await setUp({ ...config, stop: { ...config.stop, solvedReturn: 130 } }, store);
    await other.start();
    expect(other.stopReason()).toBeNull();
  });

  it('judges a run that is over by its best checkpoint, on episodes by which nothing was chosen', async () => {
    const config = configOf({ replay: { samplesPerInsert: null } });
    const { evaluations, store, trainer } = await setUp(config);
    const folder = new CheckpointFolder(directory, 50);
    const played: EvaluationRequest[] = [];
    const play = async (request: EvaluationRequest): Promise<EvaluationResult> => {
      played.push(request);
      const { id, updates, seed } = request;
      return { id, updates, seed, returns: [7], mean: 7, std: 0, seconds: 0 };
    };
    await fill(store, 500);
    await trainer.start();
    // Nothing was learned.
    expect(await trainer.conclude('maxSteps', play)).toBeNull();
    expect(played).toEqual([]);
    await runTrainer(trainer, new AbortController().signal, noWaits());
    await trainer.finish(true);
    await trainer.collectEvaluations();
    expect(await trainer.conclude('maxUpdates', async () => null)).toBeNull();
    const best = await bestCheckpoint(directory);
    expect(await folder.final(best!)).toBeNull();

    const judged = await trainer.conclude('maxUpdates', play);
    expect(judged).toMatchObject({ updates: 200, version: best!.version, mean: 7 });
    expect(played).toMatchObject([{ updates: 200, episodes: 20, parameters: best!.parameters }]);
    const others = evaluations.requests.map(({ seed }) => seed);
    expect(others).not.toContain(played[0].seed);
    expect(await folder.final(best!)).toEqual(judged);
  });

  it('judges a solved run by what confirmed it', async () => {
    const config = configOf({
      replay: { samplesPerInsert: null },
      stop: { solvedReturn: 100, maxUpdates: 1e6 },
    });
    const { evaluations, store, trainer } = await setUp(config);
    evaluations.fresh = (updates) => updates + 1;
    await fill(store, 500);
    await trainer.start();
    await runTrainer(trainer, new AbortController().signal, noWaits());
    await trainer.finish(false);
    const play = () => Promise.reject(new Error('it is confirmed already'));
    const judged = await trainer.conclude('solved', play);
    expect(judged).toMatchObject(trainer.scores.best!.confirmation!);
    expect(judged!.mean).toBe(judged!.updates + 1);
    // By another reason to end, it was not.
    await expect(trainer.conclude('maxUpdates', play)).rejects.toThrow('it is confirmed already');
  });

  it('asks for fresh episodes beside training, and keeps the checkpoint for them', async () => {
    const config = configOf({
      replay: { samplesPerInsert: null },
      stop: { solvedReturn: 100, maxUpdates: 1e6 },
    });
    const { evaluations, store, trainer } = await setUp(config);
    await fill(store, 500);
    await trainer.start();
    expect(await runTrainer(trainer, new AbortController().signal, noWaits())).toBe('solved');
    const [confirmed] = evaluations.confirmations;
    expect(confirmed).toBeGreaterThanOrEqual(100);
    expect(trainer.scores.best?.updates).toBe(confirmed);
    expect(await bestCheckpoint(directory)).toMatchObject({ updates: confirmed });
  });

  it.each([
    [30, 20],
    [20, 1_000],
    [7, 20],
  ])(
    'evaluates every %d updates with a checkpoint every %d, also over restarts',
    async (every, checkpointEvery) => {
      const config = configOf({
        replay: { samplesPerInsert: null },
        learner: { checkpointEvery },
        evaluation: { every },
        stop: { maxUpdates: 1e6 },
      });
      const store = new MemoryReplayStore(layout, { transitions: 2_000, bytes: 1e9 });
      await fill(store, 500);
      const evaluated: number[] = [];
      for (const until of [24, 50, 64, 210]) {
        const { evaluations, trainer } = await setUp(config, store);
        await trainer.start();
        while (trainer.updates < until) {
          await trainer.update();
          trainer.startDueWork();
          await trainer.settle();
        }
        await trainer.finish(false);
        evaluated.push(...evaluations.requests.map(({ updates }) => updates));
      }
      // In calls of two updates, one that would pass the time is the next.
      const due = Array.from(
        { length: Math.floor(210 / every) },
        (_, i) => 2 * Math.floor(((i + 1) * every) / 2),
      );
      expect(evaluated).toEqual(due);
    },
  );

  it('stops at the budget of steps and of seconds, and where it is told to', async () => {
    for (const [stop, reason] of [
      [{ maxSteps: 400 }, 'maxSteps'],
      [{ maxSeconds: 0.05 }, 'maxSeconds'],
    ] as const) {
      const { store, trainer } = await setUp(configOf({ stop: { maxUpdates: null, ...stop } as object }));
      await fill(store, 500);
      await trainer.start();
      expect(await runTrainer(trainer, new AbortController().signal, noWaits())).toBe(reason);
    }
    const { trainer } = await setUp(configOf());
    await trainer.start();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const waits = noWaits();
    expect(await runTrainer(trainer, abort.signal, waits)).toBeNull();
    expect(waits['too little experience']).toBeGreaterThan(0.02);
  });

  it('continues from a checkpoint as if it had not been interrupted, with rising weights versions', async () => {
    const store = new MemoryReplayStore(layout, { transitions: 2_000, bytes: 1e9 });
    await fill(store, 1_500);
    const config = configOf({ replay: { samplesPerInsert: null } });
    const straight = await setUp(config, store);
    await straight.trainer.start();
    let atHundred = new Map();
    while (straight.trainer.updates < 200) {
      await straight.trainer.update();
      straight.trainer.startDueWork();
      await straight.trainer.settle();
      if (straight.trainer.updates === 100) atHundred = new Map(straight.agent.state());
    }
    for (const path of await listCheckpoints(directory)) {
      if (Number(path.match(/(\d+)\.safetensors$/)?.[1]) > 100) await rm(path);
    }
    const resumed = await setUp(config, store);
    expect(resumed.trainer.updates).toBe(100);
    expect(new Map(resumed.agent.state())).toEqual(atHundred);
    await resumed.trainer.start();
    while (resumed.trainer.updates < 200) await resumed.trainer.update();
    expect(resumed.agent.state()).toEqual(straight.agent.state());
  });

  it('throws what fails in the background to whoever drives it', async () => {
    const { channel, store, trainer } = await setUp(configOf({ replay: { samplesPerInsert: null } }));
    await fill(store, 500);
    await trainer.start();
    channel.publish = () => Promise.reject(new Error('the lease is lost'));
    await expect(runTrainer(trainer, new AbortController().signal, noWaits())).rejects.toThrow(
      'the lease is lost',
    );
  });
});

function noWaits() {
  return { 'too little experience': 0, 'sample-to-insert ratio': 0, round: 0, checkpoint: 0 };
}
