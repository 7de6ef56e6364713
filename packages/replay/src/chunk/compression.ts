import type { TransformOptions } from 'node:stream';
import { promisify } from 'node:util';
import {
  constants,
  createZstdCompress,
  type ZstdCompress,
  type ZstdOptions,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';
import type { Layout } from './chunk.ts';
import { observationBytes } from './layout.ts';

const decompressFrame = promisify(zstdDecompress);

/**
 * Level 1 of Zstandard makes 64 frames of Atari 34 to 305 times smaller in 2 to 5 µs a frame, and large again in 1 to 3
 * (8 games); to move a frame as it is through Redis takes 20 to 50. Level −5 takes 0.8 to 1.0 of the time for half as
 * much again to twice as many bytes, level 3 makes them no smaller.
 */
const LEVEL = 1;
/** Observations of a chunk beyond this are not compressed: a few forged bytes must not take a learner's memory. */
export const MOST_COMPRESSED = 2 ** 28;
/** Bytes of the smallest observation that counts as a frame. */
const SMALLEST_FRAME = 1024;

/** Whether a layout's observations are frames of bytes: neighbours are nearly alike. Floating-point numbers are not. */
export const compressesWell = (layout: Layout): boolean =>
  layout.dtype === 'uint8' && observationBytes(layout) >= SMALLEST_FRAME;

/**
 * One for each of the threads that Node has for them. Each keeps its memory (about 1 MB): to make that anew for every
 * chunk costs a third of the time.
 */
const COMPRESSORS = 4;
const compressors: ZstdCompress[] = [];

const COMPRESSION: ZstdOptions & Pick<TransformOptions, 'readableHighWaterMark'> = {
  params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
  // What is written at once is a frame of Zstandard's own.
  flush: constants.ZSTD_e_end,
  chunkSize: 1 << 16,
  // It waits until it is read.
  readableHighWaterMark: Number.MAX_SAFE_INTEGER,
};

function newCompressor(): ZstdCompress {
  const compressor = createZstdCompress(COMPRESSION);
  compressor.setMaxListeners(0);
  // It is of no more use.
  compressor.on('error', () => compressors.splice(compressors.indexOf(compressor), 1));
  return compressor;
}

/** The rows as one Zstandard frame, compressed on another thread. */
export async function compress(rows: Uint8Array): Promise<Uint8Array> {
  if (compressors.length < COMPRESSORS) compressors.push(newCompressor());
  const compressor = compressors.reduce((a, b) => (b.writableLength < a.writableLength ? b : a));
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  // When it fails, whoever waits for a frame is not called back.
  compressor.once('error', reject);
  compressor.write(rows, (error) => {
    compressor.off('error', reject);
    if (error) reject(error);
    else resolve(compressor.read());
  });
  return promise;
}

/**
 * Decompresses into one piece of memory, which takes half the time of joining small ones. What is forged gets no more.
 */
const LARGEST_PIECE = 2 ** 24;
const into = (size: number) => ({
  maxOutputLength: size,
  chunkSize: Math.max(constants.Z_MIN_CHUNK, Math.min(size, LARGEST_PIECE)),
});

/** The `size` bytes in a Zstandard frame; null for what is no such frame. */
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
