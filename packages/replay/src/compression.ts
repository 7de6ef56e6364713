import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { Layout } from './chunk.ts';
import { observationBytes } from './layout.ts';

const compressFrame = promisify(zstdCompress);
const decompressFrame = promisify(zstdDecompress);

/**
 * Level 1 of Zstandard makes 64 frames of Atari 34 to 305 times smaller in 2 to 5 µs a frame, and large again in 1 to 3
 * (8 games); to move a frame as it is through Redis takes 20 to 50. Level −5 takes 0.8 to 1.0 of the time for half as
 * much again to twice as many bytes, level 3 makes them no smaller.
 */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Observations of a chunk beyond this are not compressed: a few forged bytes must not take a learner's memory. */
export const MOST_COMPRESSED = 2 ** 28;
/** Bytes of the smallest observation that counts as a frame. */
const SMALLEST_FRAME = 1024;

/** Whether a layout's observations are frames of bytes: neighbours are nearly alike. Floating-point numbers are not. */
export const compressesWell = (layout: Layout): boolean =>
  layout.observationDType === 'uint8' && observationBytes(layout) >= SMALLEST_FRAME;

/** On another thread. */
export const compress = (rows: Uint8Array): Promise<Uint8Array> => compressFrame(rows, OPTIONS);

/** In one piece of memory, and not in small ones that are then put together: half the time. What is forged gets no more. */
const LARGEST_PIECE = 2 ** 24;
const into = (size: number) => ({
  maxOutputLength: size,
  chunkSize: Math.max(constants.Z_MIN_CHUNK, Math.min(size, LARGEST_PIECE)),
});

/** Null for what is no Zstandard frame of `size` bytes. */
export function decompress(frame: Uint8Array, size: number): Uint8Array | null {
  if (size > MOST_COMPRESSED) return null;
  try {
    return ofSize(zstdDecompressSync(frame, into(size)), size);
  } catch {
    return null;
  }
}

/** As `decompress`, on another thread. */
export async function decompressAside(frame: Uint8Array, size: number): Promise<Uint8Array | null> {
  if (size > MOST_COMPRESSED) return null;
  const rows = await decompressFrame(frame, into(size)).catch(() => null);
  return rows && ofSize(rows, size);
}

const ofSize = (rows: Uint8Array, size: number): Uint8Array | null => (rows.length === size ? rows : null);
