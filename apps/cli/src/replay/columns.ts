import { observationArrays } from '@qfleet/envs';
import type { Chunk, ChunkEnd, Layout } from '@qfleet/replay';
import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import { CommandError } from '../errors.ts';

/**
 * A transition as a row: who made it (writer, slot, episode, step), its chunk, what was done and what came of it.
 * Observations are lists of numbers, those of bytes (frames) one binary value in C order; their shape is in the file's
 * metadata. `episode_return` is undiscounted, of the episode up to the end of the row's chunk.
 */
export interface TransitionRow {
  readonly writer: string;
  readonly sequence: bigint | number;
  readonly slot: number;
  readonly episode: number;
  readonly step: number;
  readonly observation: ArrayLike<number>;
  readonly action: number;
  readonly reward: number;
  readonly next_observation: ArrayLike<number>;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly priority: number | null;
  readonly epsilon: number;
  readonly weights_version: bigint | number;
  readonly episode_return: number;
}

/** The columns beside the observations: their Parquet types. */
const COLUMNS = {
  writer: 'STRING',
  sequence: 'INT64',
  slot: 'INT32',
  episode: 'INT32',
  step: 'INT32',
  action: 'INT32',
  reward: 'FLOAT',
  terminated: 'BOOLEAN',
  truncated: 'BOOLEAN',
  priority: 'FLOAT',
  epsilon: 'DOUBLE',
  weights_version: 'INT64',
  episode_return: 'DOUBLE',
} as const;
const OBSERVATIONS = ['observation', 'next_observation'] as const;
/** What an import can't do without. */
export const NEEDED: readonly (keyof TransitionRow)[] = [
  ...(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]),
  ...OBSERVATIONS,
];

/** The file's schema, for observations of this layout. */
export function parquetSchema(layout: Layout): SchemaElement[] {
  const plain = Object.entries(COLUMNS).map(([name, type]): SchemaElement => {
    const repetition_type = name === 'priority' ? 'OPTIONAL' : 'REQUIRED';
    return type === 'STRING'
      ? { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
      : { name, type, repetition_type };
  });
  // float16 too, which float32 holds exactly: Parquet's own is not read everywhere.
  const type = layout.observationDType.startsWith('float') ? 'FLOAT' : 'INT32';
  const observations = OBSERVATIONS.flatMap((name): SchemaElement[] =>
    layout.observationDType === 'uint8'
      ? [{ name, type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' }]
      : [
          { name, converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type, repetition_type: 'REQUIRED' },
        ],
  );
  return [{ name: 'schema', num_children: plain.length + OBSERVATIONS.length }, ...plain, ...observations];
}

/** The transitions of chunks as columns, in the order of `parquetSchema`. */
export function columnsOf(chunks: readonly Chunk[]): ColumnSource[] {
  const each = <T>(of: (chunk: Chunk, t: number) => T): T[] => {
    const values: T[] = [];
    for (const chunk of chunks) for (let t = 0; t < chunk.length; t++) values.push(of(chunk, t));
    return values;
  };
  const endsWith = (end: ChunkEnd) => each((chunk, t) => chunk.end === end && t === chunk.length - 1);
  const observation = (after: number) =>
    each(({ observations, length }, t) => {
      const size = observations.length / (length + 1);
      const row = observations.subarray((t + after) * size, (t + after + 1) * size);
      return row instanceof Uint8Array ? row : Array.from(row);
    });
  const columns: Record<keyof TransitionRow, unknown[]> = {
    writer: each(({ writer }) => writer),
    sequence: each(({ sequence }) => BigInt(sequence)),
    slot: each(({ slot }) => slot),
    episode: each(({ episode }) => episode),
    step: each(({ offset }, t) => offset + t),
    action: each(({ actions }, t) => actions[t]),
    reward: each(({ rewards }, t) => rewards[t]),
    terminated: endsWith('terminated'),
    truncated: endsWith('truncated'),
    priority: each(({ priorities }, t) => priorities?.[t] ?? null),
    epsilon: each(({ epsilon }) => epsilon),
    weights_version: each(({ weightsVersion }) => BigInt(weightsVersion)),
    episode_return: each(({ episodeReturn }) => episodeReturn),
    observation: observation(0),
    next_observation: observation(1),
  };
  return NEEDED.map((name) => ({ name, data: columns[name] }));
}

/** The chunk whose transitions these rows are, in order. @throws CommandError for rows that are none. */
export function chunkOf(rows: readonly TransitionRow[], layout: Layout): Chunk {
  const [first] = rows;
  const last = rows.at(-1)!;
  const length = rows.length;
  const bad = rows.findIndex(({ step }, t) => step !== first.step + t);
  if (bad >= 0)
    throw new CommandError(
      `The rows of writer ${first.writer}, sequence ${first.sequence} have step ${rows[bad].step} where ` +
        `${first.step + bad} should follow: import a file as it was exported, in its order.`,
    );
  const size = layout.observationShape.reduce((product, n) => product * n, 1);
  const observations = new observationArrays[layout.observationDType]((length + 1) * size);
  [...rows.map(({ observation }) => observation), last.next_observation].forEach((row, t) => {
    if (row.length !== size)
      throw new CommandError(
        `An observation of writer ${first.writer}, sequence ${first.sequence} has ${row.length} elements; ` +
          `${size} belong to this run's environment.`,
      );
    observations.set(row, t * size);
  });
  const priorities = rows.map(({ priority }) => priority);
  return {
    writer: first.writer,
    sequence: Number(first.sequence),
    slot: first.slot,
    episode: first.episode,
    offset: first.step,
    length,
    end: last.terminated ? 'terminated' : last.truncated ? 'truncated' : 'continues',
    episodeReturn: first.episode_return,
    epsilon: first.epsilon,
    weightsVersion: Number(first.weights_version),
    observations,
    actions: Int32Array.from(rows, ({ action }) => action),
    rewards: Float32Array.from(rows, ({ reward }) => reward),
    priorities: priorities.every((priority) => priority !== null) ? Float32Array.from(priorities) : null,
  };
}
