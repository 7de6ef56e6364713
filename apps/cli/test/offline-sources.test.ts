import { join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import {
  type Chunk,
  ChunkBuilder,
  decodeChunk,
  type Layout,
  MemoryReplayStore,
  type OpenChunk,
} from '@qfleet/replay';
import { openTask } from '@qfleet/rollout';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOfflineOptions, checkOfflineRun, type OfflineOptions } from '../src/offline/check-options.ts';
import { OfflineExperience } from '../src/offline/experience.ts';
import { fileSource } from '../src/offline/file-source.ts';
import { MemoryPlaces } from '../src/offline/memory-places.ts';
import { readOffline } from '../src/offline/read.ts';
import { checkSameAgain } from '../src/offline/same-again.ts';
import { sourcesOf } from '../src/offline/sources.ts';
import { exportReplay } from '../src/replay/export.ts';
import { sharedDirectory } from './support/shared-directory.ts';

const folder = sharedDirectory();
const cartpole = loadRunConfig({ preset: 'cartpole' });
const frozenlake = loadRunConfig({ preset: 'frozenlake' });
const maze = loadRunConfig({ preset: 't-maze' });
let files = 0;

/** Two episodes of `writer`, of 5 and 3 steps of reward 1, in chunks of 2 steps. */
function play(layout: Layout, writer: string, state = (t: number) => t % 4): OpenChunk[] {
  let sequence = 0;
  const builder = new ChunkBuilder({ layout, writer, slot: 0, chunkLength: 2, sequence: () => sequence++ });
  const size = layout.shape.reduce((product, n) => product * n, 1);
  const observe = (t: number) =>
    layout.dtype === 'int32' ? Int32Array.of(state(t)) : new Float32Array(size).fill(state(t));
  const columns = Object.fromEntries(
    (layout.columns ?? []).map(({ name, shape }) => [
      name,
      new Float32Array(shape.reduce((product, n) => product * n, 1)),
    ]),
  );
  const chunks: (OpenChunk | null)[] = [];
  for (const steps of [5, 3]) {
    builder.begin(observe(0), 0, columns);
    for (let t = 1; t <= steps; t++)
      chunks.push(
        builder.push(
          t % layout.actions,
          1,
          observe(t),
          0,
          t === steps ? 'terminated' : 'continues',
          0,
          0,
          columns,
        ),
      );
  }
  return chunks.filter((chunk) => chunk !== null);
}

async function fileOf(layout: Layout, chunks: readonly OpenChunk[], environment = cartpole.environment) {
  const store = new MemoryReplayStore(layout, { transitions: 1e6, bytes: 1e9 });
  await store.append(chunks);
  const file = join(folder, `${++files}.parquet`);
  await exportReplay({ store, layout, environment }, file);
  return file;
}

const chunksOf = (layout: Layout, writer: string): Chunk[] =>
  play(layout, writer).map((bytes) => decodeChunk(bytes, layout, true));

describe('recorded experience', () => {
  it('is all there, of sources whose writers have the same name too, and once where they overlap', async () => {
    const { layout } = await openTask(cartpole);
    const experience = new OfflineExperience(cartpole, layout, 100);
    const [other] = chunksOf(layout, 'a');
    for (const chunks of [
      chunksOf(layout, 'a'),
      chunksOf(layout, 'a').reverse(),
      [{ ...other, rewards: Float32Array.of(5, 5) }],
    ]) {
      experience.begin(`/${files++}`);
      for (const chunk of chunks) await experience.add(chunk);
    }
    const { recorded, repeated, replay } = experience;
    expect(recorded).toMatchObject({ transitions: 10, episodes: 2, meanReturn: 4 });
    expect(repeated).toBe(8);
    expect((await replay.store.standing()).transitions).toBe(10);
    const prints = recorded.sources.map(({ fingerprint }) => fingerprint);
    expect(new Set(prints).size).toBe(3);
  });

  it('comes back from a file, without columns that the run does not need', async () => {
    const { layout } = await openTask(maze);
    const plain = loadRunConfig({ preset: 't-maze' }, [
      'agent.network.core.kind=none',
      'agent.sequence=null',
    ]);
    const file = await fileOf(layout, play(layout, 'a'), maze.environment);
    const config = { ...plain, agent: { ...plain.agent, batchSize: 8 } };
    const { replay, recorded } = await readOffline([file], config, true);
    expect(recorded.transitions).toBe(8);
    const { chunks } = await replay.store.follow(0, 1e9);
    const back = chunks.map(({ bytes }) => decodeChunk(bytes, replay.layout, true));
    expect(replay.layout.columns).toBeUndefined();
    expect(back.map(({ length, end }) => [length, end])).toEqual([
      [2, 'continues'],
      [2, 'continues'],
      [1, 'terminated'],
      [2, 'continues'],
      [1, 'terminated'],
    ]);
    await expect(readOffline([file], plain, true)).rejects.toThrow(
      /has 8 transitions; allowed: at least agent\.batchSize, 32/,
    );
  });

  it('brings first priorities only where the run asks for them', async () => {
    const { layout } = await openTask(cartpole);
    const sampling = {
      kind: 'prioritized',
      alpha: 0.6,
      beta: 0.4,
      epsilon: 1e-6,
      importanceWeights: 'batch',
    } as const;
    const prioritiesFor = async (initialPriority: 'max' | 'td-error') => {
      const config = {
        ...cartpole,
        replay: { ...cartpole.replay, sampling: { ...sampling, initialPriority } },
      };
      const experience = new OfflineExperience(config, layout, 8);
      experience.begin('/a');
      for (const chunk of chunksOf(layout, 'a'))
        await experience.add({ ...chunk, priorities: new Float32Array(chunk.length).fill(3) });
      const { chunks } = await experience.replay.store.follow(0, 1e9);
      return decodeChunk(chunks[0].bytes, layout, true).priorities;
    };
    expect(await prioritiesFor('max')).toBeNull();
    expect([...(await prioritiesFor('td-error'))!]).toEqual([3, 3]);
  });
});

describe('what does not fit is refused, saying what differs', () => {
  const opening = async (file: string, config: typeof cartpole) => {
    const target = { environment: config.environment, layout: (await openTask(config)).layout };
    return fileSource(file).open(target, async ({ chunks }) => {
      for await (const _ of chunks(() => undefined));
    });
  };

  it('another task of the same spaces', async () => {
    const { layout } = await openTask(frozenlake);
    const file = await fileOf(layout, play(layout, 'a'), frozenlake.environment);
    await opening(file, frozenlake);
    const options = { ...frozenlake.environment.options, is_slippery: false };
    const steady = { ...frozenlake, environment: { ...frozenlake.environment, options } };
    await expect(opening(file, steady)).rejects.toThrow(
      /another task than this run's: environment\.options\.is_slippery is .* and false/,
    );
  });

  it('a state beyond the space, which only the run knows', async () => {
    const { layout } = await openTask(frozenlake);
    const { count: _, ...unbounded } = layout;
    const file = await fileOf(
      unbounded,
      play(unbounded, 'a', () => 16),
      frozenlake.environment,
    );
    await expect(opening(file, frozenlake)).rejects.toThrow(
      /column observation of row 0 .* has an element 0 that is 16, not an integer from 0 to 15: nothing was learned/,
    );
  });

  it('a network’s memory that is not there', async () => {
    const { columns: _, ...layout } = (await openTask(maze)).layout;
    const file = await fileOf(layout, play(layout, 'a'), maze.environment);
    await expect(opening(file, maze)).rejects.toThrow(
      /does not hold lstm\/hidden, which this network remembers \(float32\[32\]\)/,
    );
  });

  it('what is no file and no run', () => {
    expect(() => sourcesOf([join(folder, 'none')])).toThrow(/no file and no run directory/);
    expect(() => sourcesOf([folder])).toThrow(/is a directory, and no run's/);
    expect(() => sourcesOf(['/dev/null'])).toThrow(/is a device or a pipe/);
  });

  it('other transitions than a run began with', () => {
    const source = (path: string, fingerprint: string) => ({ path, fingerprint, transitions: 1 });
    const before = [source('/a', '1'), source('/b', '2')];
    expect(() => checkSameAgain(before, [source('/c', '1'), source('/b', '2')])).not.toThrow();
    expect(() => checkSameAgain(before, [source('/a', '1'), source('/b', '3')])).toThrow(
      '/b holds other transitions than when the run began: put back',
    );
    expect(() => checkSameAgain(before, [source('/c', '3'), source('/b', '2')])).toThrow(
      '/c holds other transitions than /a had: put back',
    );
    expect(() => checkSameAgain(before, [source('/a', '1')])).toThrow(/learns from 2 files, not 1/);
  });
});

it.each<[OfflineOptions, RegExp | null]>([
  [{ set: ['agent.cql.alpha=1', 'replay.sampling.kind=prioritized'] }, null],
  [{ actors: 2 }, /^--actors does nothing with --offline/],
  [{ maxSteps: 9 }, /^--max-steps does nothing/],
  [{ keepReplay: true }, /^--keep-replay does nothing/],
  [{ redis: 'redis://127.0.0.1' }, /leave --redis out/],
  [{ set: ['exploration.to=0.1'] }, /^--set exploration\.to=0\.1 does nothing/],
  [{ set: ['exploration={kind: ladder}'] }, /^--set exploration=.* does nothing/],
  [{ set: ['fleet.slots=8'] }, /^--set fleet\.slots=8 does nothing/],
  [{ set: ['replay.samplesPerInsert=8'] }, /^--set replay\.samplesPerInsert=8 does nothing/],
])('options %j', (options, says) => {
  const check = (): void => checkOfflineOptions(options);
  if (says === null) expect(check).not.toThrow();
  else expect(check).toThrow(says);
});

it('runs that would learn nothing, or never end, are refused', () => {
  const pqn = loadRunConfig({ preset: 'cartpole' }, [], { preset: 'pqn', observation: [4] });
  expect(() => checkOfflineRun(pqn)).toThrow(/agent\.kind is pqn, which learns from rounds that it plays/);
  const endless = loadRunConfig({ preset: 'cartpole' }, ['stop.maxUpdates=null', 'stop.maxSteps=9']);
  expect(() => checkOfflineRun(endless)).toThrow(/Only stop\.maxSteps, 9, ends this run/);
  expect(() => checkOfflineRun(cartpole)).not.toThrow();
});

it('a chunk may not go past a place where a sequence needs what was remembered', async () => {
  const { layout } = await openTask(maze);
  const unit = fc.record({
    burnIn: fc.integer({ min: 0, max: 12 }),
    stride: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(unit, fc.nat(40), fc.integer({ min: 1, max: 20 }), ({ burnIn, stride }, offset, length) => {
      const sequence = { burnIn, stride, length: 13 };
      const agent = { ...maze.agent, sequence } as typeof maze.agent;
      const inner = Array.from({ length: length - 1 }, (_, i) => offset + 1 + i);
      const isPast = inner.some((step) => (step + burnIn) % stride === 0);
      const check = (): void =>
        new MemoryPlaces(agent, layout).check({ offset, length } as unknown as Chunk, 'a');
      if (isPast) expect(check).toThrow(/sequence needs what was remembered before step/);
      else expect(check).not.toThrow();
    }),
  );
});
