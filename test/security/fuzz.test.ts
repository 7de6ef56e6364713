import { crc32 } from 'node:zlib';
import { Random } from '@qfleet/random';
import { ChunkError, decodeChunk, encodeChunk, type Layout } from '@qfleet/replay';
import { decodeTensors, encodeTensors } from '@qfleet/tensor';
import { expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';

const { h64Raw } = await xxhash();
const MUTANTS = 100_000;
/** A decoder that believed a size in what it was given would take gigabytes. */
const MOST_GROWTH_BYTES = 256 * 2 ** 20;
const SIZES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

const seed = Number(process.env['QFLEET_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

/** The original with one to four changes: bits, bytes, words that may be sizes, cuts, repeats. */
function mutate(original: Uint8Array, random: Random): Uint8Array {
  let bytes = new Uint8Array(original);
  for (let changes = 1 + random.integer(4); changes > 0; changes--) {
    const at = random.integer(Math.max(1, bytes.length));
    switch (random.integer(6)) {
      case 0:
        bytes[at] ^= 1 << random.integer(8);
        break;
      case 1:
        bytes[at] = random.integer(256);
        break;
      case 2:
        // Headers come first, and hold the sizes.
        if (bytes.length >= 80) {
          new DataView(bytes.buffer).setUint32(
            4 * random.integer(19),
            SIZES[random.integer(SIZES.length)],
            true,
          );
        }
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = Uint8Array.from([...bytes, ...bytes.subarray(at)]);
        break;
      default:
        bytes = bytes.slice(at);
    }
  }
  return bytes;
}

/**
 * Feeds mutants to a decoder, every other one with a checksum that fits it, as someone would make it on purpose: such
 * a one may be taken, if `check` finds it whole.
 *
 * @returns how many were refused.
 */
function fuzz<T>(original: Uint8Array, { decode, check, seal, refusal }: Format<T>): number {
  console.info(`Mutants: repeat them with QFLEET_FUZZ_SEED=${seed}.`);
  const random = new Random(seed);
  const before = process.memoryUsage().rss;
  let refused = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const bytes = mutate(original, random);
    const sealed = i % 2 === 1;
    if (sealed) seal(bytes);
    let decoded: T;
    try {
      decoded = decode(bytes);
    } catch (error) {
      // What the language itself throws is a size or a type that was believed.
      if (!refusal(error as Error)) throw error;
      refused++;
      continue;
    }
    if (sealed) check(decoded);
    else expect(bytes, `mutant ${i}`).toEqual(original);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_GROWTH_BYTES);
  return refused;
}

interface Format<T> {
  readonly decode: (bytes: Uint8Array) => T;
  readonly check: (decoded: T) => void;
  readonly seal: (bytes: Uint8Array) => void;
  readonly refusal: (error: Error) => boolean;
}

it('100,000 mutated chunks are refused', { timeout: 120_000 }, () => {
  const layout: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 4 };
  const chunk = encodeChunk(
    {
      writer: 'actor-0.abcdefgh',
      sequence: 7,
      slot: 3,
      episode: 2,
      offset: 32,
      length: 8,
      end: 'continues',
      episodeReturn: 12.5,
      epsilon: 0.1,
      weightsVersion: 9,
      observations: Float32Array.from({ length: 27 }, (_, i) => Math.sin(i)),
      actions: Int32Array.from({ length: 8 }, (_, i) => i % 4),
      rewards: Float32Array.from({ length: 8 }, (_, i) => i / 8),
      priorities: Float32Array.from({ length: 8 }, (_, i) => i),
    },
    layout,
  );
  const refused = fuzz(chunk, {
    decode: (bytes) => decodeChunk(bytes, layout),
    // It is what a writer may write.
    check: (decoded) => encodeChunk(decoded, layout),
    seal(bytes) {
      if (bytes.length < 20) return;
      new DataView(bytes.buffer).setUint32(12, Number(h64Raw(bytes.subarray(16)) & 0xffffffffn), true);
    },
    refusal: (error) => error instanceof ChunkError,
  });
  expect(refused).toBeGreaterThan(MUTANTS / 2);
});

it('100,000 mutated weight blobs are refused', { timeout: 120_000 }, () => {
  const tensors = new Map(
    [
      ['hidden0/kernel', [4, 8]],
      ['hidden0/bias', [8]],
    ].map(([name, shape]) => {
      const length = (shape as number[]).reduce((product, n) => product * n, 1);
      return [
        name as string,
        { shape: shape as number[], data: Float32Array.from({ length }, (_, i) => i / 7) },
      ];
    }),
  );
  const blob = encodeTensors(tensors, { run: 'r', version: '3', updates: '300' });
  const place = Buffer.from(blob).indexOf('"crc32":"') + '"crc32":"'.length;
  const refused = fuzz(blob, {
    decode: (bytes) => decodeTensors(bytes).tensors,
    check(decoded) {
      for (const { shape, data } of decoded.values()) {
        expect(data).toHaveLength(shape.reduce((product, n) => product * n, 1));
      }
    },
    seal(bytes) {
      if (bytes.length < place + 8) return;
      bytes.fill(0x30, place, place + 8);
      bytes.set(Buffer.from(crc32(bytes).toString(16).padStart(8, '0')), place);
    },
    refusal: ({ message }) => message.startsWith('these bytes are not a valid safetensors file'),
  });
  expect(refused).toBeGreaterThan(MUTANTS / 2);
});
