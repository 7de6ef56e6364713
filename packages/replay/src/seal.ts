import { columnsOf, writeSeal } from './chunk-header.ts';
import { allocate, release } from './chunk-memory.ts';
import { compress, MOST_COMPRESSED } from './compression.ts';

/** Gives an open chunk its checksum, in place: then it may leave the process. */
export function sealChunk(open: Uint8Array): Uint8Array {
  writeSeal(open, 'plain');
  return open;
}

/**
 * Seals an open chunk with its observations compressed, on another thread; see `compressesWell`. Takes `open` over: its
 * memory is that of another chunk soon.
 */
export async function compressChunk(open: Uint8Array): Promise<Uint8Array> {
  const { observations: start } = columnsOf(open, 0);
  if (open.length - start > MOST_COMPRESSED) return sealChunk(open);
  const frame = await compress(open.subarray(start));
  const bytes = allocate(start + frame.length);
  bytes.set(open.subarray(0, start));
  bytes.set(frame, start);
  writeSeal(bytes, 'compressed');
  release(open);
  return bytes;
}
