import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectRedis, replayPrefix } from '@qfleet/fleet';
import {
  type Chunk,
  decodeChunk,
  encodeChunk,
  type Layout,
  maskColumn,
  RedisReplayStore,
} from '@qfleet/replay';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';
import { exportReplay } from '../src/replay/export.ts';
import { importReplay } from '../src/replay/import.ts';
import { type OpenReplay, withReplay } from '../src/replay/open.ts';

const layout: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 2 };
const masked: Layout = {
  ...layout,
  columns: [maskColumn(2), { name: 'core/h', dtype: 'float32', shape: [2], cadence: 'state' }],
};
/** Writer, episode, steps, how it ends: the transitions of reference/make_parquet.py. */
const EPISODES = [
  ['a', 0, 12, 'terminated'],
  ['a', 1, 4, 'truncated'],
  ['b', 0, 6, 'continues'],
] as const;

type Row = Record<string, unknown>;

function rowsOfReference(): Row[] {
  const sequences: Record<string, number> = {};
  return EPISODES.flatMap(([writer, episode, steps, end]) =>
    Array.from({ length: steps }, (_, step): Row => {
      if (step % 5 === 0) sequences[writer] = (sequences[writer] ?? -1) + 1;
      const chunkEnd = Math.min(step - (step % 5) + 5, steps);
      const observe = (t: number) => [t / 8, episode + 0.5, writer === 'b' ? 1 : -1];
      return {
        writer,
        sequence: sequences[writer],
        slot: 0,
        episode,
        step,
        action: step % 2,
        reward: step / 4,
        terminated: step === steps - 1 && end === 'terminated',
        truncated: step === steps - 1 && end === 'truncated',
        priority: null,
        epsilon: 0.25,
        weights_version: 7,
        episode_return: (chunkEnd * (chunkEnd - 1)) / 8,
        observation: observe(step),
        next_observation: observe(step + 1),
      };
    }),
  );
}

/** Every transition that a replay holds, as a row. The writer is the one that the observations tell. */
async function rowsHeld({ store }: OpenReplay): Promise<Row[]> {
  const { chunks } = await store.follow(0, 1e9);
  return chunks.flatMap(({ bytes }) => {
    const chunk = decodeChunk(bytes, layout);
    const observe = (t: number) => [...chunk.observations.subarray(3 * t, 3 * t + 3)];
    return Array.from({ length: chunk.length }, (_, t) => ({
      writer: chunk.observations[2] === 1 ? 'b' : 'a',
      slot: chunk.slot,
      episode: chunk.episode,
      step: chunk.offset + t,
      action: chunk.actions[t],
      reward: chunk.rewards[t],
      terminated: chunk.end === 'terminated' && t === chunk.length - 1,
      truncated: chunk.end === 'truncated' && t === chunk.length - 1,
      priority: chunk.priorities?.[t] ?? null,
      epsilon: chunk.epsilon,
      weights_version: chunk.weightsVersion,
      episode_return: chunk.episodeReturn,
      observation: observe(t),
      next_observation: observe(t + 1),
    }));
  });
}

const sorted = (rows: readonly Row[]): string[] =>
  rows
    .map(({ sequence: _, ...row }) =>
      JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))),
    )
    .sort();

/** A Parquet type for each column: what an export writes. */
const TYPES: Record<string, Partial<SchemaElement>> = {
  writer: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  sequence: { type: 'INT64' },
  slot: { type: 'INT32' },
  episode: { type: 'INT32' },
  step: { type: 'INT32' },
  action: { type: 'INT32' },
  reward: { type: 'FLOAT' },
  terminated: { type: 'BOOLEAN' },
  truncated: { type: 'BOOLEAN' },
  priority: { type: 'FLOAT' },
  epsilon: { type: 'DOUBLE' },
  weights_version: { type: 'INT64' },
  episode_return: { type: 'DOUBLE' },
  mask: { type: 'INT32' },
  next_mask: { type: 'INT32' },
};
type Written = NonNullable<Parameters<typeof parquetWriteBuffer>[0]>;

let made = 0;
/** Writes rows to a file; `types` replaces the types of columns. */
function write(
  rows: readonly Row[],
  types: Record<string, Partial<SchemaElement>> = {},
  options: Partial<Written> = {},
): string {
  const names = Object.keys(rows[0]);
  const columns = names.flatMap((name): SchemaElement[] => {
    if (!Array.isArray(rows[0][name]))
      return [{ name, repetition_type: 'OPTIONAL', ...(TYPES[name] ?? { type: 'DOUBLE' }), ...types[name] }];
    return [
      { name, converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL', ...TYPES[name], ...types[name] },
    ];
  });
  const isInt64 = (name: string) => ({ ...TYPES[name], ...types[name] }).type === 'INT64';
  const columnData = names.map((name) => ({
    name,
    data: rows.map((row) =>
      isInt64(name) && Number.isInteger(row[name]) ? BigInt(row[name] as number) : row[name],
    ),
  }));
  const schema: SchemaElement[] = [{ name: 'schema', num_children: names.length }, ...columns];
  const file = join(folder, `${made++}.parquet`);
  writeFileSync(file, new Uint8Array(parquetWriteBuffer({ columnData, schema, ...options })));
  return file;
}

/** The reference's rows with some fields of one replaced. */
const changed = (at: number, fields: Row): Row[] => {
  const rows = rowsOfReference();
  return rows.with(at, { ...rows[at], ...fields });
};
const without = (name: string): Row[] =>
  rowsOfReference().map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => key !== name)));
const mapped = (name: string, of: (value: unknown) => unknown): Row[] =>
  rowsOfReference().map((row) => ({ ...row, [name]: of(row[name]) }));

let server: TestRedis;
let redis: Awaited<ReturnType<typeof connectRedis>>;
let folder: string;

beforeAll(async () => {
  server = await startRedis();
  redis = await connectRedis(`unix://${server.socket}`, { role: 'test' });
  folder = mkdtempSync(join(tmpdir(), 'qfleet-import-'));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function withNewReplay<T>(use: (replay: OpenReplay) => Promise<T>, of = layout): Promise<T> {
  const run = `import-${++made}`;
  await RedisReplayStore.create(redis, replayPrefix(run), of, { transitions: 1e6, bytes: 1e9 });
  return withReplay(`unix://${server.socket}`, { run }, use);
}

/** Imports into a new replay, twice: the second time nothing is new. */
async function importNew(file: string): Promise<{ held: Row[]; stored: number }> {
  return withNewReplay(async (replay) => {
    const { stored } = await importReplay(replay, file);
    const held = await rowsHeld(replay);
    expect((await importReplay(replay, file)).stored).toBe(0);
    expect((await rowsHeld(replay)).length).toBe(held.length);
    return { held, stored };
  });
}

describe('what other programs write', () => {
  const files = globSync(fileURLToPath(new URL('reference/parquet/*.parquet', import.meta.url)));

  it.each(files.map((file) => [basename(file), file]))('%s', async (name, file) => {
    const rows = rowsOfReference().filter(({ step }) => !/filtered/.test(name) || (step as number) % 3 !== 1);
    const { held, stored } = await importNew(file);
    expect(sorted(held)).toEqual(sorted(rows));
    // Sorted rows of two writers alternate, and make the chunks that they were.
    if (!/filtered|shuffled/.test(name)) expect(stored).toBe(6);
  });

  it('in the LZ4 framing of Hadoop', async () => {
    // One block, of literals alone.
    const lz4 = (input: Uint8Array): Uint8Array => {
      const lengths = input.length < 15 ? [input.length << 4] : [0xf0];
      if (input.length >= 15) {
        let rest = input.length - 15;
        for (; rest >= 255; rest -= 255) lengths.push(255);
        lengths.push(rest);
      }
      const block = Buffer.concat([Buffer.from(lengths), input]);
      const sizes = Buffer.alloc(8);
      sizes.writeUInt32BE(input.length, 0);
      sizes.writeUInt32BE(block.length, 4);
      return Buffer.concat([sizes, block]);
    };
    const file = write(rowsOfReference(), {}, { codec: 'LZ4', compressors: { LZ4: lz4 } });
    expect(sorted((await importNew(file)).held)).toEqual(sorted(rowsOfReference()));
  });
});

describe('what is no transition is refused, and nothing stored', () => {
  const row6 = String.raw`of row 6 \(counted from 0; writer "a", sequence 1, step 6\)`;
  const cell = (column: string, problem: string) =>
    new RegExp(`: column ${column} ${row6} ${problem}: nothing`);
  const list: [string, () => string, RegExp][] = [
    ...['sequence', 'slot', 'episode', 'step', 'action', 'weights_version'].map(
      (name): [string, () => string, RegExp] => [
        `null as ${name}`,
        () => write(changed(6, { [name]: null })),
        new RegExp(`column ${name} of row 6 .* is null, not an integer from 0 to`),
      ],
    ),
    ...['reward', 'epsilon', 'episode_return'].flatMap((name): [string, () => string, RegExp][] =>
      [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => [
        `${value} as ${name}`,
        () => write(changed(6, { [name]: value })),
        cell(name, `is ${value}, not a finite number`),
      ]),
    ),
    ['null as writer', () => write(changed(6, { writer: null })), /column writer of row 6 .* is null/],
    ['no writer', () => write(changed(6, { writer: '' })), /is "", not a text of 1 to 64 bytes/],
    ['a long writer', () => write(changed(6, { writer: 'é'.repeat(33) })), /not a text of 1 to 64 bytes/],
    [
      'null as terminated',
      () => write(changed(6, { terminated: null })),
      cell('terminated', 'is null, not .*'),
    ],
    ['NaN as priority', () => write(changed(6, { priority: Number.NaN })), cell('priority', 'is NaN, .*')],
    ['a negative priority', () => write(changed(6, { priority: -1 })), cell('priority', 'is -1, .*')],
    [
      'an action beyond',
      () => write(changed(6, { action: 2 })),
      cell('action', 'is 2, not an integer from 0 to 1'),
    ],
    ['a negative action', () => write(changed(6, { action: -1 })), cell('action', 'is -1, .*')],
    [
      'a fractional action',
      () => write(changed(6, { action: 0.5 }), { action: { type: 'DOUBLE' } }),
      cell('action', 'is 0.5, not an integer from 0 to 1'),
    ],
    [
      'a reward beyond float32',
      () => write(changed(6, { reward: 1e39 }), { reward: { type: 'DOUBLE' } }),
      cell('reward', String.raw`is 1e\+39, more than float32 holds`),
    ],
    [
      'a sequence beyond what is exact',
      () => write(changed(6, { sequence: 2n ** 60n })),
      /is 1152921504606846976, not an integer/,
    ],
    [
      'both ends',
      () => write(changed(11, { truncated: true })),
      /column truncated of row 11 .* is true where terminated/,
    ],
    [
      'null as observation',
      () => write(changed(6, { observation: null })),
      cell('observation', 'is null, not a list of numbers'),
    ],
    [
      'null in an observation',
      () => write(changed(6, { observation: [1, null, 2] })),
      cell('observation', 'has an element 1 that is null, not a finite number'),
    ],
    [
      'NaN in a next observation',
      () => write(changed(6, { next_observation: [1, 2, Number.NaN] })),
      cell('next_observation', 'has an element 2 that is NaN, not a finite number'),
    ],
    [
      'a short observation',
      () => write(changed(6, { observation: [1, 2] })),
      cell('observation', 'has 2 elements, not 3'),
    ],
    [
      'a next observation that is not the next row’s',
      () => write(changed(5, { next_observation: [9, 0.5, -1] })),
      cell(
        'observation',
        String.raw`is not the next observation of step 5 of its chunk \(element 0 .* is 0.75, not 9\)`,
      ),
    ],
    ['no column of rewards', () => write(without('reward')), /has no column reward: name its columns/],
    [
      'a misnamed column',
      () => write(rowsOfReference().map(({ reward, ...row }) => ({ ...row, rewards: reward }))),
      /has no column reward, but one named rewards: name/,
    ],
    [
      'another column',
      () => write(changed(0, {}).map((row) => ({ ...row, advantage: 1 }))),
      /has a column advantage/,
    ],
    [
      'text as actions',
      () => write(mapped('action', String), { action: { type: 'BYTE_ARRAY', converted_type: 'UTF8' } }),
      /has UTF8 in column action, where numbers belong/,
    ],
    [
      'booleans as rewards',
      () => write(mapped('reward', Boolean), { reward: { type: 'BOOLEAN' } }),
      /has BOOLEAN in column reward, where numbers belong/,
    ],
    [
      'times as rewards',
      () =>
        write(
          mapped('reward', () => new Date(0)),
          { reward: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' } },
        ),
      /has TIMESTAMP_MILLIS in column reward, where numbers belong/,
    ],
    [
      'decimals as rewards',
      () =>
        write(
          mapped('reward', () => 1),
          { reward: { type: 'INT32', converted_type: 'DECIMAL', scale: 2, precision: 9 } },
        ),
      /has DECIMAL in column reward, where numbers belong/,
    ],
    [
      'numbers as terminated',
      () => write(mapped('terminated', Number), { terminated: { type: 'INT32' } }),
      /has INT32 in column terminated, where booleans belong/,
    ],
    [
      'a file that is cut short',
      () => {
        const file = write(rowsOfReference());
        writeFileSync(file, readFileSync(file).subarray(0, -300));
        return file;
      },
      /can't be read as a Parquet file/,
    ],
    [
      'a file with damaged pages',
      () => {
        const file = write(rowsOfReference());
        writeFileSync(file, readFileSync(file).fill(0xff, 10, 900));
        return file;
      },
      /can't be read as a Parquet file/,
    ],
    [
      'a layout that is none',
      () => write(rowsOfReference(), {}, { kvMetadata: [{ key: 'qfleet.layout', value: '{}' }] }),
      /holds observations of an unreadable layout/,
    ],
  ];

  it.each(list)('%s', async (_, make, message) => {
    const file = make();
    await withNewReplay(async (replay) => {
      const refused = importReplay(replay, file);
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toMatchObject({
        name: 'UsageError',
        message: expect.stringContaining(file),
      });
      expect((await replay.store.standing()).insertedTotal).toBe(0);
    });
  });
});

describe('named columns', () => {
  /** The reference's rows with masks and a memory; `fields` replaces some of row 6's. */
  const withColumns = (fields: Row = {}): Row[] =>
    rowsOfReference().map((row, i) => {
      const { step } = row as { step: number };
      // All may be taken in even steps, and the odd action, which is taken, in odd ones.
      const maskAt = (t: number) => [Number(t % 2 === 0), 1];
      return {
        ...row,
        mask: maskAt(step),
        next_mask: maskAt(step + 1),
        'core/h': [step, step / 2],
        'next_core/h': [step + 1, (step + 1) / 2],
        ...(i === 6 ? fields : {}),
      };
    });

  it('are read from lists of numbers, and stored as an actor stores them', async () => {
    const columns = await withNewReplay(async (replay) => {
      expect((await importReplay(replay, write(withColumns()))).stored).toBe(6);
      const { chunks } = await replay.store.follow(0, 1e9);
      return decodeChunk(chunks[1].bytes, masked).columns!;
    }, masked);
    expect(columns['mask']).toEqual(Uint8Array.of(0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1));
    expect(columns['core/h']).toEqual(Float32Array.of(5, 2.5, 6, 3, 7, 3.5, 8, 4, 9, 4.5, 10, 5));
  });

  const row6 = String.raw`of row 6 \(counted from 0; writer "a", sequence 1, step 6\)`;
  const cell = (column: string, problem: string) =>
    new RegExp(`: column ${column} ${row6} ${problem}: nothing`);
  it.each<[string, () => string, RegExp]>([
    ['null as mask', () => write(withColumns({ mask: null })), cell('mask', 'is null, not bytes')],
    [
      'null in a mask',
      () => write(withColumns({ next_mask: [1, null] })),
      cell('next_mask', 'has an element 1 that is null, not an integer from 0 to 255'),
    ],
    ['a wide mask', () => write(withColumns({ mask: [1, 1, 1] })), cell('mask', 'has 3 elements, not 2')],
    ['an all-false mask', () => write(withColumns({ mask: [0, 0] })), cell('mask', 'allows no action')],
    [
      'an all-false next mask',
      () => write(withColumns({ next_mask: [0, 0] })),
      cell('next_mask', 'allows no action'),
    ],
    [
      'a mask that is none',
      () => write(withColumns({ mask: [1, 2] })),
      cell('mask', 'has an element 1 that is 2, not 0 or 1'),
    ],
    [
      'a mask without what was taken',
      () => write(withColumns({ mask: [0, 1] })),
      cell('mask', 'does not allow action 0, which was taken'),
    ],
    [
      'a mask that is not what the row before led to',
      () => write(withColumns({ mask: [1, 0] })),
      cell('mask', String.raw`is not the next mask of step 5 of its chunk \(element 1 is 0, not 1\)`),
    ],
    [
      'NaN in a memory',
      () => write(withColumns({ 'core/h': [Number.NaN, 3] })),
      cell('core/h', 'has an element 0 that is NaN, not a finite number'),
    ],
    [
      'no column of masks',
      () => write(withColumns().map(({ mask: _, ...row }) => row)),
      /has no column mask: name its columns/,
    ],
    [
      'text as masks',
      () =>
        write(
          withColumns().map((row) => ({ ...row, mask: 'all' })),
          { mask: { type: 'BYTE_ARRAY', converted_type: 'UTF8' } },
        ),
      /has UTF8 in column mask, where binary values or lists of numbers belong/,
    ],
  ])('%s is refused, and nothing stored', async (_, make, message) => {
    const file = make();
    await withNewReplay(async (replay) => {
      await expect(importReplay(replay, file)).rejects.toThrow(message);
      expect((await replay.store.standing()).insertedTotal).toBe(0);
    }, masked);
  });

  it('that a run has none of are refused', async () => {
    const file = write(withColumns());
    await withNewReplay((replay) =>
      expect(importReplay(replay, file)).rejects.toThrow(
        /has a column mask, which is none of a transition's/,
      ),
    );
  });
});

describe('what no single chunk holds is stored as it is written', () => {
  it.each<[string, Row[], number]>([
    ['an end inside a chunk', changed(6, { terminated: true }), 7],
    ['a priority among none', changed(6, { priority: 0.5 }), 8],
    ['another epsilon', changed(6, { epsilon: 0.75 }), 8],
    ['rows twice', [...rowsOfReference(), ...rowsOfReference()], 12],
    ['one sequence for all', mapped('sequence', () => 0), 6],
  ])('%s', async (_, rows, chunks) => {
    const { held, stored } = await importNew(write(rows));
    expect(sorted(held)).toEqual(sorted(rows));
    expect(stored).toBe(chunks);
  });

  it('numbers are rounded as an actor’s are', async () => {
    const rows = changed(6, { reward: 0.1 });
    const { held } = await importNew(write(rows, { reward: { type: 'DOUBLE' } }));
    expect(sorted(held)).toEqual(sorted(changed(6, { reward: Math.fround(0.1) })));
  });
});

describe('what the replay has', () => {
  const half = (even: boolean): Row[] =>
    rowsOfReference().filter(({ sequence }) => ((sequence as number) % 2 === 0) === even);

  it('does not hide other rows of the same writers', async () => {
    await withNewReplay(async (replay) => {
      // Sequences 1, and 3, are stored before 0, and 2.
      await importReplay(replay, write(half(false)));
      await importReplay(replay, write(half(true)));
      expect(sorted(await rowsHeld(replay))).toEqual(sorted(rowsOfReference()));
      // All that it exports, it has.
      const exported = join(folder, `${made++}.parquet`);
      await exportReplay(replay, exported);
      expect((await importReplay(replay, exported)).stored).toBe(0);
    });
  });

  it('is told from the same steps with other rewards', async () => {
    await withNewReplay(async (replay) => {
      const changedRows = mapped('reward', (reward) => (reward as number) - 1);
      await importReplay(replay, write(rowsOfReference()));
      expect((await importReplay(replay, write(changedRows))).stored).toBe(6);
      expect(sorted(await rowsHeld(replay))).toEqual(sorted([...rowsOfReference(), ...changedRows]));
    });
  });

  it('goes on to be written by those who write it', async () => {
    const chunk: Chunk = {
      writer: 'a',
      sequence: 0,
      slot: 0,
      episode: 0,
      offset: 0,
      length: 1,
      end: 'continues',
      episodeReturn: 0,
      epsilon: 0,
      weightsVersion: 0,
      observations: new Float32Array(6),
      actions: new Int32Array(1),
      rewards: new Float32Array(1),
      priorities: null,
    };
    await withNewReplay(async (replay) => {
      await replay.store.append([encodeChunk(chunk, layout)]);
      await importReplay(replay, write(rowsOfReference()));
      expect((await replay.store.append([encodeChunk({ ...chunk, sequence: 1 }, layout)])).stored).toBe(1);
      expect((await replay.store.standing()).insertedTotal).toBe(24);
    });
  });
});
