import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TextDefinition, type TextEpisode, takeEpisode } from '@qfleet/envs';
import { UsageError } from '../errors.ts';
import { openParquet } from '../replay/parquet-file.ts';
import { linesOf } from './lines.ts';
import { episodesOfRows } from './turn-rows.ts';

const KNOWN = /\.(jsonl|parquet)$/;

/**
 * The episodes of a file, or of all files of a directory in the order of their names: `.jsonl`, a line an episode, or
 * `.parquet`, a row a turn. One episode is read at a time, so files may be larger than memory.
 *
 * @throws UsageError where there are none; EnvironmentDefinitionError where one is none of this task, with file and line.
 */
export async function* readEpisodes(path: string, definition: TextDefinition): AsyncGenerator<TextEpisode> {
  let episodes = 0;
  for (const file of filesOf(path)) {
    for await (const { value, where } of valuesOf(file)) {
      yield takeEpisode(value, definition, where);
      episodes++;
    }
  }
  if (episodes === 0) throw new UsageError(`${path} has no episode: give data of ${definition.id}.`);
}

/** What a file holds, not yet checked, each with the place where it stands. */
async function* valuesOf(file: string): AsyncGenerator<{ value: unknown; where: string }> {
  if (file.endsWith('.parquet')) {
    for await (const { value, row } of episodesOfRows(file, await openParquet(file))) {
      yield { value, where: `${file}, row ${row}` };
    }
    return;
  }
  for await (const { number, text } of linesOf(file)) {
    const where = `${file}, line ${number}`;
    try {
      yield { value: JSON.parse(text), where };
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new UsageError(`${where}: it is not JSON: ${cause.message}.`, { cause });
    }
  }
}

function filesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new UsageError(`There is no ${path}: name a file or directory of \`qfleet data\`.`);
  if (!found.isDirectory()) {
    if (KNOWN.test(path)) return [path];
    throw new UsageError(
      `${path} is neither .jsonl nor .parquet: name a file or directory of \`qfleet data\`.`,
    );
  }
  const files = readdirSync(path).filter((name) => KNOWN.test(name));
  if (files.length === 0) throw new UsageError(`${path} has no .jsonl and no .parquet file.`);
  return files.toSorted().map((name) => join(path, name));
}
