import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { type Chunk, storedLayout } from '@qfleet/replay';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { CommandError, UsageError } from '../errors.ts';
import { integer, print, printJson } from '../terminal/output.ts';
import { type ReadableReplay, readChunks } from './chunks.ts';
import { columnsOf, parquetSchema } from './columns.ts';
import { LAYOUT_KEY, TASK_KEY, taskOf } from './metadata.ts';
import type { ReplayOptions } from './open.ts';
import { type OpenReplay, withReplay } from './open.ts';

/** A replay to write, and what was played for it, where that is known. */
export type Exportable = ReadableReplay & Pick<OpenReplay, 'environment'>;

export interface Exported {
  readonly file: string;
  readonly transitions: number;
  readonly chunks: number;
  /** Chunks that were corrupted on Redis, and left out. */
  readonly refused: number;
}

/** `qfleet replay export`. */
export async function exportTo(where: string, file: string, options: ReplayOptions): Promise<void> {
  const exported = await withReplay(where, options, (replay) => exportReplay(replay, file));
  const { transitions, chunks, refused } = exported;
  const rest = refused > 0 ? `; ${integer(refused)} corrupted chunks were left out` : '';
  await (options.json
    ? printJson(exported)
    : print(`Wrote ${integer(transitions)} transitions of ${integer(chunks)} chunks to ${file}${rest}.`));
}

/**
 * Writes all transitions of a replay into a new Parquet file.
 * @throws UsageError when there is such a file; CommandError when it can't be written.
 */
export async function exportReplay(replay: Exportable, file: string): Promise<Exported> {
  if (existsSync(file)) throw new UsageError(`${file} is there already: name a new file, or remove it.`);
  return await writeReplay(replay, file);
}

/**
 * Writes all transitions of a replay into a Parquet file, in place of one that is there.
 * @throws CommandError when it can't be written.
 */
export async function writeReplay(replay: Exportable, file: string): Promise<Exported> {
  const { layout, environment } = replay;
  const counts = { transitions: 0, chunks: 0, refused: 0 };
  // Under its own name only when it is whole.
  const partial = `${file}.partial`;
  try {
    const writer = new ParquetWriter({
      writer: fileWriter(partial),
      schema: parquetSchema(layout),
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
      const rows = chunks.reduce((sum, { length }) => sum + length, 0);
      if (rows === 0) continue;
      await writer.write({ columnData: columnsOf(chunks, layout), rowGroupSize: rows });
      counts.transitions += rows;
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
