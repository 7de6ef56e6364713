import { observationArrays } from '@qfleet/envs';
import { type Chunk, type ChunkEnd, describeLayout, type Layout, observationSize } from '@qfleet/replay';
import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import { CommandError } from '../errors.ts';
import { observationColumns } from './observations.ts';

/**
 * A transition as a row: who made it (writer, slot, episode, step), its chunk, what was done and what came of it,
 * beside the columns of `observations.ts`. `episode_return` is undiscounted, of the episode up to the end of the row's
 * chunk.
 */
export interface TransitionRow {
  readonly writer: string;
  readonly sequence: bigint | number;
  readonly slot: number;
  readonly episode: number;
  readonly step: number;
  readonly action: number;
  readonly reward: number;
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
} as const satisfies Record<keyof TransitionRow, string>;
const OBSERVATIONS = ['observation', 'next_observation'] as const;

/** What an import can't do without. */
export function columnNames(layout: Layout): string[] {
  const observations = OBSERVATIONS.flatMap((name) => observationColumns(name, layout));
  return [...Object.keys(COLUMNS), ...observations.map(({ name }) => name)];
}

/** The file's schema, for observations of this layout. */
export function parquetSchema(layout: Layout): SchemaElement[] {
  const plain = Object.entries(COLUMNS).map(([name, type]): SchemaElement => {
    const repetition_type = name === 'priority' ? 'OPTIONAL' : 'REQUIRED';
    return type === 'STRING'
      ? { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
      : { name, type, repetition_type };
  });
  const observations = OBSERVATIONS.flatMap((name) => observationColumns(name, layout));
  return [
    { name: 'schema', num_children: plain.length + observations.length },
    ...plain,
    ...observations.flatMap(({ schema }) => schema),
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
  const observations = OBSERVATIONS.flatMap((column, after) =>
    observationColumns(column, layout).map(({ name, encode }) => ({
      name,
      data: each((chunk, t) => encode(chunk.observations, t + after)),
    })),
  );
  return [...Object.entries(columns).map(([name, data]) => ({ name, data })), ...observations];
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
  const observations = new observationArrays[layout.observationDType]((length + 1) * observationSize(layout));
  const read = (row: TransitionRow, column: (typeof OBSERVATIONS)[number], t: number) => {
    for (const { name, decode } of observationColumns(column, layout))
      if (!decode((row as unknown as Record<string, unknown>)[name], observations, t))
        throw new CommandError(
          `Column ${name} of writer ${first.writer}, sequence ${first.sequence} has a value that is none of this ` +
            `run's environment (${describeLayout(layout)}).`,
        );
  };
  for (const [t, row] of rows.entries()) read(row, 'observation', t);
  read(last, 'next_observation', length);
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
