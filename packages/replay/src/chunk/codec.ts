import type { ObservationArray } from '@qfleet/envs';
import type { Chunk, Layout } from './chunk.ts';
import { allColumnBytes, viewColumns } from './columns.ts';
import { decompress, decompressAside } from './compression.ts';
import type { OpenChunk, SealedChunk } from './encoded.ts';
import {
  checkFingerprint,
  checksumOf,
  columnsOf,
  encodeWriter,
  formOf,
  HEADER,
  hasColumns,
  holdsTexts,
  isWhole,
  lengthOf,
  type Offsets,
  offsetsOf,
  peekChunk,
  writeColumnsHead,
  writeHeader,
  writeSeal,
} from './header.ts';
import { observationBytes, observationSize, viewObservations } from './layout.ts';
import { allocateCopy, copyOf, reuse, SMALL } from './memory.ts';
import { decodeTokenChunk, encodeTokenChunk } from './tokens/codec.ts';
import { asChunk, asTokenChunk } from './tokens/token-chunk.ts';
import { ChunkError, checkColumns, checkFields, checkShape } from './validate.ts';

/** Memory for a chunk, where its observations may be written before the rest. */
export interface ChunkRoom {
  readonly bytes: Uint8Array;
  /** Their place in `bytes`. */
  readonly observations: ObservationArray;
}

/**
 * Room for a chunk of exactly `length` steps, in memory that was released where there is any.
 * @throws ChunkError for a writer's name that is too short or too long.
 */
export function chunkRoom(
  { writer, length, hasPriorities }: { writer: string; length: number; hasPriorities: boolean },
  layout: Layout,
): ChunkRoom {
  const named = allColumnBytes(layout.columns ?? [], length);
  const at = offsetsOf(encodeWriter(writer).length, length, hasPriorities, named, observationBytes(layout));
  const bytes = reuse(at.total);
  const { buffer, byteOffset } = bytes;
  const elements = (length + 1) * observationSize(layout);
  return {
    bytes,
    observations: viewObservations(layout.dtype, buffer, byteOffset + at.observations, elements),
  };
}

/**
 * The chunk as one open value: whole, but not to leave the process before it is sealed (`sealChunk`, `compressChunk`).
 * @param room where its observations are already; left out: they are copied.
 * @throws ChunkError when a column has the wrong length or type, an action is outside the space, or a reward or
 *   an observation is not finite (named by slot, episode and step).
 */
export function encodeOpenChunk(chunk: Chunk, layout: Layout, room?: ChunkRoom): OpenChunk {
  checkShape(chunk, layout);
  checkColumns(chunk, layout);
  checkFields(chunk);
  const { writer, length, actions, rewards, priorities, observations } = chunk;
  const { bytes, observations: rows } =
    room ?? chunkRoom({ writer, length, hasPriorities: priorities !== null }, layout);
  writeHeader(bytes, chunk, layout, 'open');
  const named = allColumnBytes(layout.columns ?? [], length);
  const at = offsetsOf(encodeWriter(chunk.writer).length, length, priorities !== null, named, 0);
  const { buffer, byteOffset: base } = bytes;
  new Float32Array(buffer, base + at.rewards, length).set(rewards);
  new Int32Array(buffer, base + at.actions, length).set(actions);
  if (priorities) new Float32Array(buffer, base + at.priorities, length).set(priorities);
  bytes.fill(0, at.priorities + (priorities ? 4 * length : 0), at.observations);
  writeColumnsHead(bytes, at);
  const views = viewColumns(layout.columns ?? [], length, buffer, base + at.columns);
  for (const [name, view] of Object.entries(views)) view.set(chunk.columns![name]);
  if (room === undefined) rows.set(observations);
  return bytes as OpenChunk;
}

/**
 * The chunk, of states or of texts, as one value, sealed, its observations as they are.
 * @throws ChunkError as `encodeOpenChunk`, and `encodeTokenChunk`.
 */
export function encodeChunk(chunk: Chunk, layout: Layout): SealedChunk {
  if (layout.tokens !== undefined) return encodeTokenChunk(asTokenChunk(chunk), layout);
  const bytes: Uint8Array = encodeOpenChunk(chunk, layout);
  writeSeal(bytes, 'plain');
  return bytes as SealedChunk;
}

/** Where the columns of a chunk lie. @throws ChunkError as `decodeChunk`. */
function checkWhole(bytes: Uint8Array, layout: Layout, fromHere: boolean): Offsets {
  if (holdsTexts(bytes)) throw new ChunkError('The chunk is corrupted: it holds texts, not states.');
  const at = columnsOf(bytes, observationBytes(layout));
  const form = formOf(bytes);
  const named = allColumnBytes(layout.columns ?? [], lengthOf(bytes));
  if (hasColumns(bytes) !== named > 0 || at.observations - at.columns !== named)
    throw new ChunkError(
      `The chunk is corrupted: its named columns take ${named} bytes, not ${at.observations - at.columns}.`,
    );
  if (form === 'compressed' ? bytes.length <= at.observations : bytes.length !== at.total)
    throw new ChunkError(`The chunk is corrupted: its steps take ${at.total} bytes, not ${bytes.length}.`);
  if (!(form === 'open' ? fromHere : isWhole(bytes)))
    throw new ChunkError('The chunk is corrupted: its checksum does not match.');
  return at;
}

/** The observations, in place where that is aligned. @throws ChunkError where they were compressed and are not as many now. */
function observationsOf(bytes: Uint8Array, at: Offsets, layout: Layout, elements: number): ObservationArray {
  const { dtype } = layout;
  if (formOf(bytes) === 'compressed') {
    const rows = decompressRows(bytes.subarray(at.observations), at);
    const { buffer, byteOffset } = rows.byteOffset % 8 === 0 ? rows : copyOf(rows);
    return viewObservations(dtype, buffer, byteOffset, elements);
  }
  const start = bytes.byteOffset + at.observations;
  // Bytes have no alignment, and a chunk of frames is nearly all of them.
  if (dtype === 'uint8' || start % 8 === 0) return viewObservations(dtype, bytes.buffer, start, elements);
  return viewObservations(dtype, copyOf(bytes.subarray(at.observations)).buffer, 0, elements);
}

function decompressRows(stored: Uint8Array, at: Offsets): Uint8Array {
  const size = at.total - at.observations;
  const rows = decompress(stored, size);
  if (rows === null)
    throw new ChunkError(`The chunk is corrupted: its observations do not make ${size} bytes.`);
  return rows;
}

/**
 * The chunk in `bytes`. Its columns are views on `bytes`, or on copies where `bytes` is not aligned to 8.
 * @param fromHere `bytes` never left this process: it may be open, and then is taken as it is.
 * @throws ChunkError when the value is cut short, corrupted, foreign, or of another format or layout.
 */
export function decodeChunk(bytes: Uint8Array, layout: Layout, fromHere = false): Chunk {
  const header = peekChunk(bytes);
  checkFingerprint(header, layout);
  if (layout.tokens) return asChunk(decodeTokenChunk(bytes, layout));
  const at = checkWhole(bytes, layout, fromHere);
  const { length, hasPriorities } = header;
  // A small chunk goes whole to where it is aligned.
  if (bytes.byteOffset % 8 !== 0 && bytes.length <= SMALL) bytes = allocateCopy(bytes);
  const { buffer, byteOffset: base } =
    bytes.byteOffset % 8 === 0 ? bytes : copyOf(bytes.subarray(0, at.observations));
  const chunk: Chunk = {
    writer: header.writer,
    sequence: header.sequence,
    slot: header.slot,
    episode: header.episode,
    offset: header.offset,
    length,
    end: header.end,
    episodeReturn: header.episodeReturn,
    epsilon: header.epsilon,
    weightsVersion: header.weightsVersion,
    rewards: new Float32Array(buffer, base + at.rewards, length),
    actions: new Int32Array(buffer, base + at.actions, length),
    priorities: hasPriorities ? new Float32Array(buffer, base + at.priorities, length) : null,
    ...(layout.columns?.length
      ? { columns: viewColumns(layout.columns, length, buffer, base + at.columns) }
      : {}),
    observations: observationsOf(bytes, at, layout, (length + 1) * observationSize(layout)),
  };
  // What is open was checked when it was made.
  if (formOf(bytes) === 'open') return chunk;
  checkFields(chunk);
  checkColumns(chunk, layout);
  return chunk;
}

/**
 * The rows of observations, as bytes, of a chunk that was decoded before and is now read again. Compressed ones are
 * decompressed on another thread.
 * @param checksum of the chunk that was decoded.
 * @param fromHere as of `decodeChunk`.
 * @returns null where `bytes` is not that very value.
 */
export function rereadObservations(
  bytes: Uint8Array,
  layout: Layout,
  checksum: number,
  fromHere: boolean,
): Uint8Array | Promise<Uint8Array | null> | null {
  if (bytes.length < HEADER || checksumOf(bytes) !== checksum) return null;
  const form = formOf(bytes);
  if (!(form === 'open' ? fromHere : isWhole(bytes))) return null;
  const at = columnsOf(bytes, observationBytes(layout));
  const rows = bytes.subarray(at.observations);
  return form === 'compressed' ? decompressAside(rows, at.total - at.observations) : rows;
}
