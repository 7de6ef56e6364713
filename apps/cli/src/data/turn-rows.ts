import type { TextEpisode } from '@qfleet/envs';
import type { SchemaElement } from 'hyparquet-writer';
import { UsageError } from '../errors.ts';
import type { ParquetFile, Rows } from '../replay/parquet-file.ts';
import { type ColumnKind, schemaProblem } from '../replay/parquet-schema.ts';

/** A turn as a row of a Parquet file. */
interface TurnRow {
  readonly episode: number;
  readonly who: string;
  readonly text: string;
  /** Null: the environment's. */
  readonly reward: number | null;
  /** True at the last turn of an episode that ended so. */
  readonly terminated: boolean;
  readonly truncated: boolean;
}

const COLUMNS = {
  episode: 'INT64',
  who: 'STRING',
  text: 'STRING',
  reward: 'DOUBLE',
  terminated: 'BOOLEAN',
  truncated: 'BOOLEAN',
} as const satisfies Record<keyof TurnRow, string>;

const NAMES = Object.keys(COLUMNS) as (keyof TurnRow)[];

const KINDS: ReadonlyMap<string, ColumnKind> = new Map([
  ['episode', 'number'],
  ['who', 'text'],
  ['text', 'text'],
  ['reward', 'number'],
  ['terminated', 'truth'],
  ['truncated', 'truth'],
]);

export const turnSchema: SchemaElement[] = [
  { name: 'root', num_children: NAMES.length },
  ...NAMES.map((name): SchemaElement => {
    const type = COLUMNS[name];
    const repetition_type = name === 'reward' ? 'OPTIONAL' : 'REQUIRED';
    return type === 'STRING'
      ? { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
      : { name, type, repetition_type };
  }),
];

/**
 * An episode's rows.
 *
 * @param episode its number, from 0.
 */
export const turnRows = ({ turns, terminated, truncated }: TextEpisode, episode: number): TurnRow[] =>
  turns.map(({ who, text, reward }, i) => {
    const ends = i === turns.length - 1;
    return {
      episode,
      who,
      text,
      reward: who === 'agent' ? reward : null,
      terminated: terminated && ends,
      truncated: truncated && ends,
    };
  });

/** Rows in columns, as the writer takes them. */
export function turnColumns(rows: readonly TurnRow[]) {
  return NAMES.map((name) => ({
    name,
    type: COLUMNS[name],
    data: rows.map((row) => (name === 'episode' ? BigInt(row.episode) : row[name])),
  }));
}

/** What an episode's rows stand for, not yet checked, with the number of its first row. */
export interface RowEpisode {
  readonly row: number;
  readonly value: unknown;
}

/** The episodes of a Parquet file whose rows are turns. @throws UsageError where it has other columns. */
export async function* episodesOfRows(file: string, parquet: ParquetFile): AsyncGenerator<RowEpisode> {
  const problem = schemaProblem(parquet.metadata, KINDS, new Set(), { like: 'qfleet data', row: 'a turn' });
  if (problem !== null) throw new UsageError(`${file} ${problem}.`);
  let open: { episode: number; row: number; value: OpenValue } | null = null;
  for await (const rows of parquet.rows(NAMES)) {
    for (let i = 0; i < rows.count; i++) {
      const row = rows.first + i;
      const { episode, who, text, reward, terminated, truncated } = rowOf(rows, i);
      if (open !== null && open.episode !== Number(episode)) {
        yield open;
        open = null;
      }
      open ??= { episode: Number(episode), row, value: { turns: [], terminated: false, truncated: false } };
      const { value } = open;
      if (value.terminated === true || value.truncated === true) {
        throw new UsageError(`${file}, row ${row}: episode ${open.episode} goes on after its end.`);
      }
      value.turns.push({ who, text, ...(reward === null || reward === undefined ? {} : { reward }) });
      value.terminated = terminated;
      value.truncated = truncated;
    }
  }
  if (open !== null) yield open;
}

/** An episode of which rows may follow. */
interface OpenValue {
  readonly turns: object[];
  terminated: unknown;
  truncated: unknown;
}

const rowOf = (rows: Rows, i: number): Record<keyof TurnRow, unknown> =>
  Object.fromEntries(NAMES.map((name) => [name, rows.columns[name][i]])) as Record<keyof TurnRow, unknown>;
