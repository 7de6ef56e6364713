import { asTokenChunk, begins, type Chunk, isAgents, type TokenChunk } from '@qfleet/replay';
import type { ColumnSource, SchemaElement } from 'hyparquet-writer';
import type { ColumnKind } from '../parquet-schema.ts';

/**
 * A token as a row: who made it (writer, slot, episode) and in which chunk (sequence), where it stands, and what came of it.
 * A chunk's `epsilon`, `weights_version` and `episode_return` are those of its other rows too; the return is undiscounted, of
 * the episode up to the end of that chunk.
 */
export interface TokenRow {
  readonly writer: string;
  readonly sequence: number;
  readonly slot: number;
  readonly episode: number;
  /** The agent's tokens of the episode before this one. */
  readonly step: number;
  /** Tokens of the episode before this one, of both speakers, from the first that is there without a gap. */
  readonly position: number;
  readonly token: number;
  readonly who: 'agent' | 'environment';
  /** Whether a text or an utterance begins with it. */
  readonly begins: boolean;
  /** Null: the environment's token. */
  readonly reward: number | null;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly epsilon: number;
  readonly weights_version: number;
  readonly episode_return: number;
}

/** What the token says, for whoever reads the file: nothing reads it back. Null where the tokenizer is not there. */
export const TEXT = 'text';

const COLUMNS = {
  writer: 'STRING',
  sequence: 'INT64',
  slot: 'INT32',
  episode: 'INT32',
  step: 'INT32',
  position: 'INT32',
  token: 'INT32',
  who: 'STRING',
  begins: 'BOOLEAN',
  reward: 'FLOAT',
  terminated: 'BOOLEAN',
  truncated: 'BOOLEAN',
  epsilon: 'DOUBLE',
  weights_version: 'INT64',
  episode_return: 'DOUBLE',
} as const satisfies Record<keyof TokenRow, string>;

/** What each of them holds. */
export const TOKEN_COLUMN_KINDS: ReadonlyMap<keyof TokenRow, ColumnKind> = new Map(
  Object.entries(COLUMNS).map(([name, type]) => [
    name as keyof TokenRow,
    type === 'STRING' ? 'text' : type === 'BOOLEAN' ? 'truth' : 'number',
  ]),
);

/** The schema of a file of tokens. */
export const tokenSchema: SchemaElement[] = [
  { name: 'schema', num_children: Object.keys(COLUMNS).length + 1 },
  ...[...Object.entries(COLUMNS), [TEXT, 'STRING']].map(([name, type]): SchemaElement => {
    const repetition_type = name === 'reward' || name === TEXT ? 'OPTIONAL' : 'REQUIRED';
    return type === 'STRING'
      ? { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }
      : { name, type: type as 'INT32', repetition_type };
  }),
];

/** Counts the tokens of episodes over their chunks, which come in order. */
export class Positions {
  /** By writer and slot: the chunk that would go on with its episode. */
  readonly #next = new Map<string, { episode: number; offset: number; position: number }>();

  /** The position of a chunk's first token. */
  of({ writer, slot, episode, offset, rewards, tokens }: TokenChunk): number {
    const key = `${slot} ${writer}`;
    const next = this.#next.get(key);
    const position = next?.episode === episode && next.offset === offset ? next.position : 0;
    const after = position + tokens.length;
    this.#next.set(key, { episode, offset: offset + rewards.length, position: after });
    return position;
  }
}

/**
 * The tokens of chunks as columns, in the order of `tokenSchema`.
 * @param textOf what a token says; null: that is not known.
 */
export function tokenColumns(
  chunks: readonly Chunk[],
  positions: Positions,
  textOf: ((token: number) => string) | null,
): ColumnSource[] {
  const rows = chunks.map(asTokenChunk).flatMap((chunk) => rowsOf(chunk, positions.of(chunk)));
  const counts: readonly (keyof TokenRow)[] = ['sequence', 'weights_version'];
  return [
    ...(Object.keys(COLUMNS) as (keyof TokenRow)[]).map((name) => ({
      name,
      data: rows.map((row) => (counts.includes(name) ? BigInt(row[name] as number) : row[name])),
    })),
    { name: TEXT, data: rows.map(({ token }) => textOf?.(token) ?? null) },
  ];
}

function rowsOf(chunk: TokenChunk, position: number): TokenRow[] {
  const { writer, sequence, slot, episode, offset, rewards, end, tokens, speakers } = chunk;
  let step = 0;
  return Array.from(tokens, (token, i) => {
    const isOwn = isAgents(speakers[i]);
    const isLast = i === tokens.length - 1;
    const row: TokenRow = {
      ...{ writer, sequence, slot, episode, step: offset + step, position: position + i, token },
      who: isOwn ? 'agent' : 'environment',
      begins: begins(speakers[i]),
      reward: isOwn ? rewards[step] : null,
      terminated: isLast && end === 'terminated',
      truncated: isLast && end === 'truncated',
      ...{ epsilon: chunk.epsilon, weights_version: chunk.weightsVersion },
      episode_return: chunk.episodeReturn,
    };
    if (isOwn) step++;
    return row;
  });
}
