import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { Layout } from './chunk.ts';
import { observationBytes } from './layout.ts';

const compressFrame = promisify(zstdCompress);
const decompressFrame = promisify(zstdDecompress);

/**
 * Level 1 of Zstandard makes 64 frames of Atari 180 to 290 times smaller in 5 µs a frame, and large again in 4; to
 * move a frame as it is through Redis takes 20 to 50 (level −5: twice the time; level 3: no smaller; LZ4: 2 µs and 12,
 * 80 times smaller).
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

/** Null for what is no Zstandard frame of `size` bytes. */
export function decompress(frame: Uint8Array, size: number): Uint8Array | null {
  if (size > MOST_COMPRESSED) return null;
  try {
    return ofSize(zstdDecompressSync(frame, { maxOutputLength: size }), size);
  } catch {
    return null;
  }
}

/** As `decompress`, on another thread. */
export async function decompressAside(frame: Uint8Array, size: number): Promise<Uint8Array | null> {
  if (size > MOST_COMPRESSED) return null;
  const rows = await decompressFrame(frame, { maxOutputLength: size }).catch(() => null);
  return rows && ofSize(rows, size);
}

const ofSize = (rows: Uint8Array, size: number): Uint8Array | null => (rows.length === size ? rows : null);
