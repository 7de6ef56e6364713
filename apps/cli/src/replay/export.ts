import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Tokenizer } from '@qfleet/envs';
import { type Chunk, storedLayout } from '@qfleet/replay';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { CommandError, UsageError } from '../errors.ts';
import { integer, print, printJson } from '../terminal/output.ts';
import { type ReadableReplay, readChunks } from './chunks.ts';
import { LAYOUT_KEY, TASK_KEY, taskOf } from './metadata.ts';
import type { ReplayOptions } from './open.ts';
import { type OpenReplay, withReplay } from './open.ts';
import { rowWriter } from './row-writer.ts';
import { harmlessEnvironment, tokenizerOf } from './tokens/tokenizer-of.ts';

/** A replay to write, and what was played for it, where that is known. */
export type Exportable = ReadableReplay & Pick<OpenReplay, 'environment'>;

export interface Exported {
  readonly file: string;
  /** Steps: of texts, the agent's tokens. */
  readonly transitions: number;
  /** All tokens, of both speakers; absent: the replay holds no texts. */
  readonly tokens?: number;
  readonly chunks: number;
  /** Chunks that were corrupted on Redis, and left out. */
  readonly refused: number;
}

/** `qfleet replay export`. */
export async function exportTo(where: string, file: string, options: ReplayOptions): Promise<void> {
  const exported = await withReplay(where, options, async (replay) =>
    exportReplay(replay, file, await tokenizerOf(replay, harmlessEnvironment(replay, where))),
  );
  const { transitions, tokens, chunks, refused } = exported;
  const rest = refused > 0 ? `; ${integer(refused)} corrupted chunks were left out` : '';
  await (options.json
    ? printJson(exported)
    : print(
        `Wrote ${tokens === undefined ? `${integer(transitions)} transitions` : `${integer(tokens)} tokens`} of ` +
          `${integer(chunks)} chunks to ${file}${rest}.`,
      ));
}

/**
 * Writes all transitions of a replay, or all tokens, into a new Parquet file, as `writeReplay`.
 * @throws UsageError when there is such a file; CommandError when it can't be written.
 */
export async function exportReplay(
  replay: Exportable,
  file: string,
  tokenizer: Tokenizer | null = null,
): Promise<Exported> {
  if (existsSync(file)) throw new UsageError(`${file} is there already: name a new file, or remove it.`);
  return await writeReplay(replay, file, tokenizer);
}

/**
 * Writes all transitions of a replay, or all tokens, into a Parquet file, in place of one that is there.
 * @param tokenizer says what tokens mean; null, the default: that is not known, or there are none.
 * @throws CommandError when it can't be written.
 */
export async function writeReplay(
  replay: Exportable,
  file: string,
  tokenizer: Tokenizer | null = null,
): Promise<Exported> {
  const { layout, environment } = replay;
  const rows = rowWriter(layout, tokenizer);
  const counts = { transitions: 0, ...(rows.rows === 'tokens' ? { tokens: 0 } : {}), chunks: 0, refused: 0 };
  // Under its own name only when it is whole.
  const partial = `${file}.partial`;
  try {
    const writer = new ParquetWriter({
      writer: fileWriter(partial),
      schema: rows.schema,
      kvMetadata: [
        { key: LAYOUT_KEY, value: JSON.stringify(storedLayout(layout)) },
        ...(environment === null ? [] : [{ key: TASK_KEY, value: JSON.stringify(taskOf(environment)) }]),
      ],
      createdBy: 'qfleet',
    });
    const portions = readChunks(replay, () => {
      counts.refused++;
    });
    for await (const portion of portions) {
      const chunks: Chunk[] = portion.map(({ chunk }) => chunk);
      if (chunks.length === 0) continue;
      const columnData = rows.columns(chunks);
      const rowGroupSize = columnData[0].data.length;
      await writer.write({ columnData, rowGroupSize });
      counts.transitions += chunks.reduce((sum, { length }) => sum + length, 0);
      if (counts.tokens !== undefined) counts.tokens += rowGroupSize;
      counts.chunks += chunks.length;
    }
    await writer.finish();
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== undefined) throw new CommandError(`${file} can't be written (${code}).`);
    throw error;
  }
  return { file, ...counts };
}
