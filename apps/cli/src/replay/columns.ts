import type { Chunk, ChunkEnd, Layout } from '@qfleet/replay';
import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import type { ColumnKind } from './parquet-schema.ts';
import { storedArrays } from './stored-arrays.ts';

/**
 * A transition as a row: who made it (writer, slot, episode, step), its chunk, what was done and what came of it,
 * beside the columns of `stored-arrays.ts`. `episode_return` is undiscounted, of the episode up to the end of the row's
 * chunk.
 */
export interface TransitionRow {
  readonly writer: string;
  readonly sequence: number;
  readonly slot: number;
  readonly episode: number;
  readonly step: number;
  readonly action: number;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly priority: number | null;
  readonly epsilon: number;
  readonly weights_version: number;
  readonly episode_return: number;
}

/** The columns beside the arrays: their Parquet types. */
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
} as const satisfies Record<keyof TransitionRow, string>;

/** What each of them holds. */
export const COLUMN_KINDS: ReadonlyMap<keyof TransitionRow, ColumnKind> = new Map(
  Object.entries(COLUMNS).map(([name, type]) => [
    name as keyof TransitionRow,
    type === 'STRING' ? 'text' : type === 'BOOLEAN' ? 'truth' : 'number',
  ]),
);

/** The file's schema, for chunks of this layout. */
export function parquetSchema(layout: Layout): SchemaElement[] {
  const plain = Object.entries(COLUMNS).map(([name, type]): SchemaElement => {
    const repetition_type = name === 'priority' ? 'OPTIONAL' : 'REQUIRED';
    return type === 'STRING'
      ? { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
      : { name, type, repetition_type };
  });
  const arrays = storedArrays(layout).flatMap(({ columns, next }) => [...columns, ...next]);
  return [
    { name: 'schema', num_children: plain.length + arrays.length },
    ...plain,
    ...arrays.flatMap(({ schema }) => schema),
  ];
}

/** The transitions of chunks as columns, in the order of `parquetSchema`. */
export function columnsOf(chunks: readonly Chunk[], layout: Layout): ColumnSource[] {
  const each = <T>(of: (chunk: Chunk, t: number) => T): T[] => {
    const values: T[] = [];
    for (const chunk of chunks) for (let t = 0; t < chunk.length; t++) values.push(of(chunk, t));
    return values;
  };
  const endsWith = (end: ChunkEnd) => each((chunk, t) => chunk.end === end && t === chunk.length - 1);
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
  };
  const arrays = storedArrays(layout).flatMap(({ spec, columns: now, next }, i) => {
    const valuesOf = (chunk: Chunk) => (i === 0 ? chunk.observations : chunk.columns![spec.name]);
    const rowOf = (t: number) => (spec.cadence === 'chunk' ? 0 : t);
    return [
      ...now.map(({ name, encode }) => ({
        name,
        data: each((chunk, t) => encode(valuesOf(chunk), rowOf(t))),
      })),
      ...next.map(({ name, encode }) => ({ name, data: each((chunk, t) => encode(valuesOf(chunk), t + 1)) })),
    ];
  });
  return [...Object.entries(columns).map(([name, data]) => ({ name, data })), ...arrays];
}
