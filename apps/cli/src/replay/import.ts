import {
  compressChunk,
  compressesWell,
  describeLayout,
  encodeOpenChunk,
  type Layout,
  sealChunk,
} from '@qfleet/replay';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { ReplayOptions } from '../commands/replay.ts';
import { UsageError } from '../errors.ts';
import { integer, print, printJson } from '../output.ts';
import { chunkOf, columnNames, type TransitionRow } from './columns.ts';
import { LAYOUT_KEY } from './export.ts';
import { type OpenReplay, withReplay } from './open.ts';

/** Bytes of chunks that are appended at a time. */
const APPEND_BYTES = 4 << 20;

export interface Imported {
  readonly file: string;
  readonly transitions: number;
  readonly chunks: number;
  /** Chunks that the replay did not have yet. */
  readonly stored: number;
}

/** `qfleet replay import`. */
export async function importFrom(where: string, file: string, options: ReplayOptions): Promise<void> {
  const imported = await withReplay(where, options, (replay) => importReplay(replay, file));
  const { transitions, chunks, stored } = imported;
  await (options.json
    ? printJson(imported)
    : print(
        `Read ${integer(transitions)} transitions of ${integer(chunks)} chunks from ${file}; ` +
          `${integer(stored)} chunks are new to run ${options.run ?? where}.`,
      ));
}

/**
 * Appends a file's chunks in its order. A chunk that the replay had before is known by its writer and sequence.
 * @throws UsageError when the file can't be read or is none of this layout; CommandError when its rows make no chunks.
 */
export async function importReplay({ store, layout }: OpenReplay, file: string): Promise<Imported> {
  const source = await open(file);
  checkLayout(source.metadata, layout, file);
  const counts = { transitions: 0, chunks: 0, stored: 0 };
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const append = async () => {
    counts.stored += (await store.append(waiting)).stored;
    waiting = [];
    bytes = 0;
  };
  const take = async (rows: readonly TransitionRow[]) => {
    const open = encodeOpenChunk(chunkOf(rows, layout), layout);
    const chunk = compressesWell(layout) ? await compressChunk(open) : sealChunk(open);
    counts.chunks++;
    counts.transitions += rows.length;
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes >= APPEND_BYTES) await append();
  };
  // A chunk's rows follow one another, also over the border of two row groups.
  let pending: TransitionRow[] = [];
  for await (const rows of source.rowGroups()) {
    for (const row of rows) {
      const [first] = pending;
      if (first && (first.writer !== row.writer || first.sequence !== row.sequence)) {
        await take(pending);
        pending = [];
      }
      pending.push(row);
    }
  }
  if (pending.length > 0) await take(pending);
  if (waiting.length > 0) await append();
  return { file, ...counts };
}

interface Source {
  readonly metadata: FileMetaData;
  rowGroups(): AsyncGenerator<TransitionRow[]>;
}

async function open(name: string): Promise<Source> {
  try {
    const file = await asyncBufferFromFile(name);
    const metadata = await parquetMetadataAsync(file);
    return {
      metadata,
      async *rowGroups() {
        for (let group = 0, rowStart = 0; group < metadata.row_groups.length; group++) {
          const rowEnd = rowStart + Number(metadata.row_groups[group].num_rows);
          // utf8: bytes stay bytes.
          const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, utf8: false });
          yield rows as unknown as TransitionRow[];
          rowStart = rowEnd;
        }
      },
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${name} can't be read as a Parquet file: ${code ?? message}.`);
  }
}

function checkLayout(metadata: FileMetaData, layout: Layout, file: string): void {
  const written = metadata.key_value_metadata?.find(({ key }) => key === LAYOUT_KEY)?.value;
  if (written !== undefined) {
    const theirs = describeLayout(JSON.parse(written) as Layout);
    const ours = describeLayout(layout);
    if (theirs !== ours)
      throw new UsageError(
        `${file} holds ${theirs}, the run's replay ${ours}: import it into a run of its environment.`,
      );
  }
  const columns = new Set(metadata.schema.map(({ name }) => name));
  const missing = columnNames(layout).find((name) => !columns.has(name));
  if (missing !== undefined)
    throw new UsageError(`${file} has no column ${missing}: import what qfleet replay export wrote.`);
}
