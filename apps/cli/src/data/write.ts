import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TextEpisode } from '@qfleet/envs';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { CommandError, UsageError } from '../errors.ts';
import { turnColumns, turnRows, turnSchema } from './turn-rows.ts';

export type DataFormat = 'jsonl' | 'parquet';

/** Turns of a row group. */
const GROUP = 65_536;

/**
 * Writes episodes into a new file `episodes.jsonl` or `episodes.parquet` of a directory, one at a time.
 *
 * @returns the file's path.
 * @throws UsageError where there is such a file; CommandError where it can't be written.
 */
export async function writeEpisodes(
  directory: string,
  format: DataFormat,
  episodes: Iterable<TextEpisode>,
): Promise<string> {
  const file = join(directory, `episodes.${format}`);
  if (existsSync(file))
    throw new UsageError(`${file} is there already: name another directory, or remove it.`);
  // Under its own name only when it is whole.
  const partial = `${file}.partial`;
  try {
    // Node's recursive form never returns below /proc, so it is used for missing parents alone.
    if (!existsSync(directory)) mkdirSync(directory, { recursive: !existsSync(dirname(directory)) });
    if (format === 'jsonl') await pipeline(Readable.from(lines(episodes)), createWriteStream(partial));
    else await writeParquet(partial, episodes);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== undefined)
      throw new CommandError(`${file} can't be written (${code}).`, { cause: error });
    throw error;
  }
  return file;
}

/** Characters that are written at once. */
const PART = 1 << 16;

function* lines(episodes: Iterable<TextEpisode>): Generator<string> {
  let part = '';
  for (const episode of episodes) {
    part += `${JSON.stringify(lineOf(episode))}\n`;
    if (part.length < PART) continue;
    yield part;
    part = '';
  }
  if (part !== '') yield part;
}

/** An episode as it is written: rewards stand at the agent's turns alone. */
const lineOf = ({ turns, terminated, truncated }: TextEpisode) => ({
  turns: turns.map(({ who, text, reward }) => (who === 'agent' ? { who, text, reward } : { who, text })),
  terminated,
  truncated,
});

async function writeParquet(file: string, episodes: Iterable<TextEpisode>): Promise<void> {
  const writer = new ParquetWriter({ writer: fileWriter(file), schema: turnSchema, createdBy: 'qfleet' });
  let rows: ReturnType<typeof turnRows> = [];
  let episode = 0;
  const flush = async () => {
    if (rows.length > 0) await writer.write({ columnData: turnColumns(rows), rowGroupSize: rows.length });
    rows = [];
  };
  for (const each of episodes) {
    rows.push(...turnRows(each, episode++));
    if (rows.length >= GROUP) await flush();
  }
  await flush();
  await writer.finish();
}
