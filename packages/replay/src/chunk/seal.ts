import { compress, MOST_COMPRESSED } from './compression.ts';
import type { OpenChunk, SealedChunk } from './encoded.ts';
import { columnsOf, encodeWriter, formOf, HEADER, WRITER_BYTES_AT, writeSeal } from './header.ts';
import { allocate, pad, release } from './memory.ts';

/** Gives an open chunk its checksum, in place: then it may leave the process. */
export function sealChunk(open: OpenChunk): SealedChunk {
  writeSeal(open, 'plain');
  return open as Uint8Array as SealedChunk;
}

/**
 * Seals an open chunk with its observations compressed, on another thread; see `compressesWell`. Takes `open` over: its
 * memory is that of another chunk soon.
 */
export async function compressChunk(open: OpenChunk): Promise<SealedChunk> {
  const { observations: start } = columnsOf(open, 0);
  if (open.length - start > MOST_COMPRESSED) return sealChunk(open);
  const frame = await compress(open.subarray(start));
  const bytes = allocate(start + frame.length);
  bytes.set(open.subarray(0, start));
  bytes.set(frame, start);
  writeSeal(bytes, 'compressed');
  release(open);
  return bytes as SealedChunk;
}

/** A sealed chunk under another writer's name; the chunk itself where it has that name. */
export function withWriter(chunk: SealedChunk, writer: string): SealedChunk {
  const name = encodeWriter(writer);
  const length = chunk[WRITER_BYTES_AT];
  if (Buffer.compare(name, chunk.subarray(HEADER, HEADER + length)) === 0) return chunk;
  const columns = chunk.subarray(HEADER + pad(length));
  const bytes = allocate(HEADER + pad(name.length) + columns.length);
  bytes.set(chunk.subarray(0, HEADER));
  bytes[WRITER_BYTES_AT] = name.length;
  bytes.set(name, HEADER);
  bytes.fill(0, HEADER + name.length, HEADER + pad(name.length));
  bytes.set(columns, HEADER + pad(name.length));
  writeSeal(bytes, formOf(chunk));
  return bytes as SealedChunk;
}
