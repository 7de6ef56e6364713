import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { observationArrays } from '@qfleet/envs';
import { connectRedis, replayPrefix } from '@qfleet/fleet';
import {
  ChunkBuilder,
  type Layout,
  MASK,
  maskColumn,
  type OpenChunk,
  RedisReplayStore,
  type SealedChunk,
  sealChunk,
} from '@qfleet/replay';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { exportReplay } from '../src/replay/export.ts';
import { importReplay } from '../src/replay/import.ts';
import { inspectReplay } from '../src/replay/inspect.ts';
import { type OpenReplay, withReplay } from '../src/replay/open.ts';

const PLENTY = { transitions: 1e6, bytes: 1e9 };
const parts = [
  { name: 'door', start: 0, size: 3 },
  { name: 'arm.position', start: 3, size: 4, shape: [2, 2] },
  { name: 'speed', start: 7, size: 1, shape: [] },
];
const LAYOUTS: Record<string, Layout> = {
  'a dict': { frames: 1, shape: [8], dtype: 'float32', parts: parts, actions: 2 },
  'a dict of bytes': {
    frames: 1,
    shape: [8],
    dtype: 'uint8',
    parts: parts,
    actions: 2,
  },
  float32: { frames: 1, shape: [4], dtype: 'float32', actions: 2 },
  float16: { frames: 1, shape: [3, 2], dtype: 'float16', actions: 2 },
  'frames of uint8': { frames: 1, shape: [6, 5], dtype: 'uint8', actions: 6 },
  'a masked observation': {
    frames: 1,
    shape: [2],
    dtype: 'float32',
    actions: 3,
    columns: [maskColumn(3)],
  },
  'named columns': {
    frames: 1,
    shape: [],
    dtype: 'int32',
    actions: 2,
    columns: [
      { name: 'whose', dtype: 'uint8', shape: [], cadence: 'step' },
      { name: 'core/h', dtype: 'float32', shape: [2, 2], cadence: 'state' },
      { name: 'core/half', dtype: 'float16', shape: [3], cadence: 'state' },
      { name: 'context', dtype: 'int32', shape: [2], cadence: 'chunk' },
    ],
  },
  'a scalar int32': { frames: 1, shape: [], dtype: 'int32', actions: 3 },
};
let server: TestRedis;
let url: string;
let redis: Awaited<ReturnType<typeof connectRedis>>;
let folder: string;
let made = 0;

beforeAll(async () => {
  server = await startRedis();
  url = `unix://${server.socket}`;
  redis = await connectRedis(url, { role: 'test' });
  folder = mkdtempSync(join(tmpdir(), 'qfleet-export-'));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Chunks of a few episodes of two slots, the last of each still open; rewards are 1, 2, 3 … in each. */
function episodes(layout: Layout, writer: string, lengths: readonly number[]): SealedChunk[] {
  const size = layout.shape.reduce((product, n) => product * n, 1);
  let sequence = 0;
  const chunks: (OpenChunk | null)[] = [];
  for (const slot of [0, 1]) {
    const builder = new ChunkBuilder({
      layout,
      writer,
      slot,
      chunkLength: 8,
      sequence: () => sequence++,
      ...(slot === 1 ? { tdErrors: { discount: 0.9, nSteps: 2 } } : {}),
    });
    builder.epsilon = 0.1;
    builder.weightsVersion = 3 + slot;
    lengths.forEach((length, episode) => {
      const observe = (t: number) => {
        const values = Array.from({ length: size }, (_, i) => (7 * t + 3 * i + episode) % 200);
        const scale = layout.dtype.startsWith('float') ? 1 / 3 : 1;
        if (layout.parts) values.splice(0, 3, ...[0, 1, 2].map((i) => Number(i === t % 3) / scale));
        return new observationArrays[layout.dtype](values.map((value) => value * scale));
      };
      const columnsAt = (t: number) =>
        Object.fromEntries(
          (layout.columns ?? []).map(({ name, dtype, shape }) => {
            const width = shape.reduce((product, n) => product * n, 1);
            // A mask allows what is taken in the state, and not always all.
            const values = Array.from({ length: width }, (_, i) =>
              name === MASK ? Number(i === (t + 1) % layout.actions || (t + i) % 3 === 0) : (5 * t + i) % 90,
            );
            return [name, new observationArrays[dtype](values)];
          }),
        );
      builder.begin(observe(0), 0, columnsAt(0));
      for (let t = 1; t <= length; t++) {
        const open = episode === lengths.length - 1;
        const end = t < length || open ? 'continues' : episode % 2 === 0 ? 'terminated' : 'truncated';
        chunks.push(builder.push(t % layout.actions, t, observe(t), 0, end, t / 7, t / 5, columnsAt(t)));
        chunks.push(builder.settle(t / 3));
      }
    });
    chunks.push(builder.flush());
  }
  return chunks.filter((chunk) => chunk !== null).map(sealChunk);
}

/** A new run's replay, as the commands open it. */
async function withNewReplay<T>(
  layout: Layout,
  use: (replay: OpenReplay, run: string) => Promise<T>,
): Promise<T> {
  const run = `run-${++made}`;
  await RedisReplayStore.create(redis, replayPrefix(run), layout, PLENTY);
  return withReplay(url, { run }, (replay) => use(replay, run));
}

describe('qfleet replay', () => {
  it.each(Object.keys(LAYOUTS))('writes %s to Parquet and reads the same chunks back', async (name) => {
    const layout = LAYOUTS[name];
    const chunks = episodes(layout, 'a', [20, 3, 8, 5]);
    const file = join(folder, `${made}.parquet`);
    await withNewReplay(layout, async (replay) => {
      await replay.store.append(chunks);
      const exported = await exportReplay(replay, file);
      expect(exported).toEqual({ file, transitions: 72, chunks: chunks.length, refused: 0 });
      await expect(exportReplay(replay, file)).rejects.toThrow(/is there already/);
      expect((await importReplay(replay, file)).stored).toBe(0);
    });
    await withNewReplay(layout, async (replay) => {
      const imported = await importReplay(replay, file);
      expect(imported).toEqual({ file, transitions: 72, chunks: chunks.length, stored: chunks.length });
      const { chunks: back } = await replay.store.follow(0, 1e9);
      expect(back.map(({ bytes }) => Buffer.from(bytes))).toEqual(chunks.map((bytes) => Buffer.from(bytes)));
    });
  });

  it('names the parts of a dict', async () => {
    const file = join(folder, 'parts.parquet');
    const layout = LAYOUTS['a dict'];
    await withNewReplay(layout, async (replay) => {
      await replay.store.append(episodes(layout, 'a', [9, 2]));
      await exportReplay(replay, file);
      expect((await inspectReplay(replay)).layout.observationParts).toEqual(parts);
    });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    expect(Object.keys(rows[0]).filter((name) => /observation/.test(name))).toEqual(
      ['observation', 'next_observation'].flatMap((name) => parts.map((part) => `${name}.${part.name}`)),
    );
    for (let t = 0; t < 9; t++) {
      expect(rows[t]['observation.door']).toBe(t % 3);
      expect(rows[t]['next_observation.door']).toBe((t + 1) % 3);
      const position = [3, 4, 5, 6].map((i) => Math.fround((7 * t + 3 * i) / 3));
      expect(rows[t]['observation.arm.position']).toEqual(position);
      expect(rows[t]['observation.speed']).toEqual([Math.fround((7 * t + 21) / 3)]);
    }
    await withNewReplay({ ...layout, parts: parts.with(2, { ...parts[2], name: 'pace' }) }, (replay) =>
      expect(importReplay(replay, file)).rejects.toThrow(
        /holds float32\[8\] \(door of 3, arm\.position\[2,2\], speed\[\]\) with 2 actions, the run's replay .*pace/,
      ),
    );
  });

  it('writes masks and named columns beside the observations', async () => {
    const file = join(folder, 'columns.parquet');
    const layout = {
      ...LAYOUTS['named columns'],
      columns: [...LAYOUTS['named columns'].columns!, maskColumn(2)],
    };
    await withNewReplay(layout, async (replay) => {
      await replay.store.append(episodes(layout, 'a', [9, 2]));
      await exportReplay(replay, file);
    });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file), utf8: false });
    const named = Object.keys(rows[0]).slice(-8);
    expect(named).toEqual([
      'whose',
      'core/h',
      'next_core/h',
      'core/half',
      'next_core/half',
      'context',
      'mask',
      'next_mask',
    ]);
    const taken = rows.slice(0, 9).map((row) => named.map((name) => [...(row[name] as Uint8Array)]));
    // Step t has what was given with the state after it; a chunk of 8 steps has what its first state has.
    expect(taken[3]).toEqual([
      [20],
      [15, 16, 17, 18],
      [20, 21, 22, 23],
      [15, 16, 17],
      [20, 21, 22],
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
    expect(taken[8][5]).toEqual([40, 41]);
    for (let t = 0; t < 8; t++)
      for (const name of ['core/h', 'mask']) expect(rows[t + 1][name]).toEqual(rows[t][`next_${name}`]);
    // The same replay without a mask is another.
    await withNewReplay(LAYOUTS['named columns'], (replay) =>
      expect(importReplay(replay, file)).rejects.toThrow(
        /holds int32\[\] with 2 actions and whose uint8\[\] a step, .*mask uint8\[2\] a state, the run's/,
      ),
    );
  });

  it('writes a whole transition a row', async () => {
    const file = join(folder, 'rows.parquet');
    await withNewReplay(LAYOUTS['float32'], async (replay) => {
      await replay.store.append(episodes(LAYOUTS['float32'], 'a', [9, 2]));
      await exportReplay(replay, file);
    });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    expect(rows.length).toBe(22);
    expect(rows.slice(0, 9).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (let t = 0; t < 8; t++) expect(rows[t + 1]['observation']).toEqual(rows[t]['next_observation']);
    expect(rows[8]).toMatchObject({
      reward: 9,
      terminated: true,
      truncated: false,
      episode_return: 45,
      action: 1,
    });
    expect(rows[9]).toMatchObject({
      episode: 1,
      step: 0,
      terminated: false,
      truncated: false,
      priority: null,
    });
  });

  it('tells what a replay holds, and its memory as Redis has it', async () => {
    await redis.flushdb();
    const before = Number((await redis.info('memory')).match(/^used_memory:(\d+)/m)?.[1]);
    await withNewReplay(LAYOUTS['float32'], async (replay, run) => {
      for (let i = 0; i < 300; i++)
        await replay.store.append(episodes(LAYOUTS['float32'], `writer-${i}`, [20, 3, 8, 50]));
      const contents = await inspectReplay(replay);
      expect(contents).toMatchObject({
        run,
        transitions: { held: 48_600, inserted: 48_600, evicted: 0, sampled: 0 },
        writers: 300,
        slots: 600,
        weightsVersions: { oldest: 3, newest: 4 },
        episodes: { ended: 1800, terminated: 1200, truncated: 600 },
        // 20·21/2, 3·4/2 and 8·9/2.
        returns: { mean: (210 + 6 + 36) / 3, min: 6, max: 210 },
      });
      // The client's own buffers come and go beside it.
      const used = contents.bytes.redis - before;
      expect(Math.abs(contents.bytes.replay / used - 1)).toBeLessThan(0.05);
    });
  });

  it('refuses what it can not read in a sentence', async () => {
    const file = join(folder, 'other.parquet');
    await withNewReplay(LAYOUTS['float32'], async (replay) => {
      await replay.store.append(episodes(LAYOUTS['float32'], 'a', [9, 2]));
      await exportReplay(replay, file);
      const text = join(folder, 'text.parquet');
      writeFileSync(text, 'a,b\n1,2\n'.repeat(10));
      await expect(importReplay(replay, text)).rejects.toThrow(/can't be read as a Parquet file/);
      await expect(importReplay(replay, join(folder, 'none'))).rejects.toThrow(/ENOENT/);
      await expect(exportReplay(replay, join(folder, 'no', 'folder'))).rejects.toThrow(/can't be written/);
    });
    await withNewReplay(LAYOUTS['a scalar int32'], async (replay) => {
      await expect(importReplay(replay, file)).rejects.toThrow(
        /holds float32\[4\] with 2 actions, the run's/,
      );
      expect((await replay.store.standing()).newest).toBe(0);
    });
  });
});
