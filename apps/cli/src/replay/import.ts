import {
  asTokenChunk,
  compressChunk,
  compressesWell,
  describeLayout,
  encodeChunk,
  encodeOpenChunk,
  type Layout,
  type SealedChunk,
} from '@qfleet/replay';
import type { FileMetaData } from 'hyparquet';
import { UsageError } from '../errors.ts';
import { integer, print, printJson } from '../terminal/output.ts';
import { ImportNames } from './import-names.ts';
import { LAYOUT_KEY, writtenLayout } from './metadata.ts';
import type { ReplayOptions } from './open.ts';
import { type OpenReplay, withReplay } from './open.ts';
import { openParquet } from './parquet-file.ts';
import { chunksOf } from './read-file.ts';

/** Bytes of chunks that are appended at a time. */
const APPEND_BYTES = 4 << 20;

export interface Imported {
  readonly file: string;
  /** Steps: of texts, the agent's tokens. */
  readonly transitions: number;
  /** All tokens, of both speakers; absent: the replay holds no texts. */
  readonly tokens?: number;
  readonly chunks: number;
  /** Chunks that the replay did not have yet. */
  readonly stored: number;
}

/** `qfleet replay import`. */
export async function importFrom(where: string, file: string, options: ReplayOptions): Promise<void> {
  const imported = await withReplay(where, options, (replay) => importReplay(replay, file));
  const { transitions, tokens, chunks, stored } = imported;
  await (options.json
    ? printJson(imported)
    : print(
        `Read ${tokens === undefined ? `${integer(transitions)} transitions` : `${integer(tokens)} tokens`} of ${integer(chunks)} chunks from ${file}; ` +
          `${integer(stored)} chunks are new to run ${options.run ?? where}.`,
      ));
}

/**
 * Appends a file's transitions, or its tokens, in chunks (`Rechunker`), in its order. The file is read twice: all of it is checked before
 * the first chunk is stored. What the replay holds, or was given by an import of the same rows, is left out.
 * @throws UsageError when the file can't be read, is of another layout, or holds a row that is no transition, or no token.
 */
export async function importReplay(replay: OpenReplay, file: string): Promise<Imported> {
  const { store, layout } = replay;
  const source = await openParquet(file);
  checkLayout(source.metadata, layout, file);
  const chunks = chunksOf(source, { file, layout, consequence: 'nothing was imported' });

  const names = new ImportNames(layout);
  for await (const chunk of chunks()) names.note(chunk);
  await names.lookUp(replay);

  const counts = { transitions: 0, ...(layout.tokens ? { tokens: 0 } : {}), chunks: 0, stored: 0 };
  let waiting: SealedChunk[] = [];
  let bytes = 0;
  const append = async () => {
    if (waiting.length > 0) counts.stored += (await store.append(waiting)).stored;
    waiting = [];
    bytes = 0;
  };
  for await (const chunk of chunks()) {
    counts.chunks++;
    counts.transitions += chunk.length;
    if (counts.tokens !== undefined) counts.tokens += asTokenChunk(chunk).tokens.length;
    const name = names.next(chunk);
    if (name === null) continue;
    const named = { ...chunk, ...name };
    const sealed = compressesWell(layout)
      ? await compressChunk(encodeOpenChunk(named, layout))
      : encodeChunk(named, layout);
    waiting.push(sealed);
    bytes += sealed.length;
    if (bytes >= APPEND_BYTES) await append();
  }
  await append();
  return { file, ...counts };
}

/** @throws UsageError where the file says that its observations are of another layout. */
function checkLayout(metadata: FileMetaData, layout: Layout, file: string): void {
  const written = writtenLayout(metadata);
  if (written === undefined) return;
  const theirs = describeWritten(written);
  const ours = describeLayout(layout);
  if (theirs !== ours)
    throw new UsageError(
      `${file} holds ${theirs}, the run's replay ${ours}: import it into a run of its environment.`,
    );
}

function describeWritten(layout: Layout | null): string {
  try {
    if (layout !== null) return describeLayout(layout);
  } catch {
    // What was parsed is no layout.
  }
  return `observations of an unreadable layout (${LAYOUT_KEY} in its metadata)`;
}
