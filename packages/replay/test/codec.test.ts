import { crc32, zstdCompressSync } from 'node:zlib';
import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { checksum } from '../src/chunk/checksum.ts';
import { makeObservations, observationSize } from '../src/chunk/layout.ts';
import {
  type Chunk,
  ChunkBuilder,
  ChunkError,
  compressChunk,
  compressesWell,
  decodeChunk,
  encodeChunk,
  encodeOpenChunk,
  type Inbox,
  type Layout,
  layoutFingerprint,
  type OpenChunk,
  peekChunk,
  type RedisReplayStore,
  type ReturnOptions,
  type SealedChunk,
  sealChunk,
} from '../src/index.ts';
import { encode, encodeCompressed, LAYOUT, makeChunk } from './support/episodes.ts';

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const layouts: fc.Arbitrary<Layout> = fc.record({
  frames: fc.constant(1),
  shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  dtype: fc.constantFrom('float32', 'float16', 'int32', 'uint8'),
  actions: fc.integer({ min: 1, max: 5 }),
});

const cases: fc.Arbitrary<{ layout: Layout; chunk: Chunk }> = layouts.chain((layout) =>
  fc.integer({ min: 1, max: 6 }).chain((length) => {
    const size = (length + 1) * observationSize(layout);
    const element = {
      float32: float,
      float16: fc.float({ min: -65_504, max: 65_504, noNaN: true }),
      int32: fc.integer(),
      uint8: fc.nat(255),
    }[layout.dtype];
    const column = <T>(values: fc.Arbitrary<T>) => fc.array(values, { minLength: length, maxLength: length });
    return fc.record({
      layout: fc.constant(layout),
      chunk: fc.record({
        writer: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((name) => {
          const { length: bytes } = new TextEncoder().encode(name);
          return bytes <= 64 && name.isWellFormed();
        }),
        sequence: fc.maxSafeNat(),
        slot: fc.nat(0xffffffff),
        episode: fc.nat(0xffffffff),
        offset: fc.nat(0xffffffff),
        length: fc.constant(length),
        end: fc.constantFrom('continues' as const, 'terminated' as const, 'truncated' as const),
        episodeReturn: fc.double({ noNaN: true, noDefaultInfinity: true }),
        epsilon: fc.double({ noNaN: true, noDefaultInfinity: true }),
        weightsVersion: fc.maxSafeNat(),
        observations: fc.array(element, { minLength: size, maxLength: size }).map((values) => {
          const array = makeObservations(layout.dtype, size);
          array.set(values);
          return array;
        }),
        actions: column(fc.nat(layout.actions - 1)).map((values) => Int32Array.from(values)),
        rewards: column(float).map((values) => Float32Array.from(values)),
        priorities: fc.option(
          column(fc.float({ min: 0, noNaN: true, noDefaultInfinity: true })).map((values) =>
            Float32Array.from(values),
          ),
        ),
      }),
    });
  }),
);

/** With the size and the checksum of what is there. */
function signed(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(16, bytes.length, true);
  view.setUint32(12, checksum(bytes.subarray(16)), true);
  return bytes;
}

describe('the chunk codec', () => {
  it('gives back any chunk as it was, from any place in memory', () => {
    fc.assert(
      fc.property(cases, fc.nat(9), ({ layout, chunk }, shift) => {
        const bytes = encodeChunk(chunk, layout);
        const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
        shifted.set(bytes);
        expect(decodeChunk(bytes, layout)).toEqual(chunk);
        expect(decodeChunk(shifted, layout)).toEqual(chunk);
      }),
      { numRuns: 300 },
    );
  });

  it('reads the columns in place', () => {
    const bytes = encode();
    expect(decodeChunk(bytes, LAYOUT).observations.buffer).toBe(bytes.buffer);
  });

  it('shows the header without the columns', () => {
    const chunk = makeChunk({ end: 'truncated', sequence: 2 ** 40, writer: 'θ' });
    const { observations: _o, actions: _a, rewards: _r, priorities: _p, ...header } = chunk;
    expect(peekChunk(encodeChunk(chunk, LAYOUT))).toMatchObject(header);
  });

  it('refuses every flipped bit', () => {
    const bytes = encode({ priorities: new Float32Array(4).fill(1) });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodeChunk(bytes, LAYOUT), `bit ${bit}`).toThrow(ChunkError);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    decodeChunk(bytes, LAYOUT);
  });

  it('refuses a chunk that says it is of another format', () => {
    const bytes = encode();
    for (const format of [1, 3, 4]) {
      const other = bytes.slice();
      other[4] = format;
      expect(() => decodeChunk(other, LAYOUT), `format ${format}`).toThrow(ChunkError);
    }
  });

  it('refuses every cut', () => {
    const bytes = encode();
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeChunk(bytes.slice(0, length), LAYOUT)).toThrow(ChunkError);
    expect(() => decodeChunk(Buffer.concat([bytes, Buffer.alloc(1)]), LAYOUT)).toThrow(ChunkError);
  });

  it('meets 10,000 mutated values with a ChunkError and nothing else', () => {
    const original = encode({ length: 8 });
    const mutation = fc.array(
      fc.record({ at: fc.nat(original.length - 1), value: fc.nat(255), cut: fc.option(fc.nat(400)) }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(mutation, (changes) => {
        let bytes = original.slice();
        for (const { at, value, cut } of changes) {
          if (at < bytes.length) bytes[at] = value;
          if (cut !== null && cut < 8) bytes = bytes.slice(cut);
        }
        if (Buffer.compare(bytes, original) === 0) return;
        expect(() => decodeChunk(bytes, LAYOUT)).toThrow(ChunkError);
      }),
      { numRuns: 10_000 },
    );
  });

  it('gives back compressed observations, wherever the value begins', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(7), async ({ layout, chunk }, shift) => {
        const bytes = await encodeCompressed(chunk, layout);
        const moved = new Uint8Array(bytes.length + 8).subarray(shift, shift + bytes.length);
        moved.set(bytes);
        expect(decodeChunk(moved, layout)).toEqual(chunk);
      }),
    );
  });

  it('makes frames small, and says for which layouts it does', async () => {
    const frames: Layout = { frames: 1, shape: [84, 84], dtype: 'uint8', actions: 4 };
    expect(compressesWell(frames)).toBe(true);
    expect(compressesWell({ ...frames, dtype: 'float32' })).toBe(false);
    expect(compressesWell({ ...frames, frames: 1, shape: [8] })).toBe(false);
    const chunk = makeChunk({ length: 32 }, frames);
    expect((await encodeCompressed(chunk, frames)).length * 20).toBeLessThan(
      encodeChunk(chunk, frames).length,
    );
  });

  it('refuses compressed observations that are corrupted or too many, whatever the checksum says', async () => {
    const original = await encodeCompressed(makeChunk({ length: 40 }), LAYOUT);
    const head = 72 + 8 + 40 * 8;
    const withFrame = (frame: Uint8Array) =>
      signed(Uint8Array.from(Buffer.concat([original.slice(0, head), frame])));
    expect(decodeChunk(withFrame(original.slice(head)), LAYOUT).length).toBe(40);
    const bomb = zstdCompressSync(new Uint8Array(1 << 24));
    for (const frame of [bomb, zstdCompressSync(new Uint8Array(8)), new Uint8Array(0), new Uint8Array(90)])
      expect(() => decodeChunk(withFrame(frame), LAYOUT)).toThrow(ChunkError);
    fc.assert(
      fc.property(
        fc.integer({ min: head, max: original.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const bytes = original.slice();
          bytes[at] ^= flip;
          // A frame may stay one: then its numbers are checked as all are.
          try {
            expect(decodeChunk(signed(bytes), LAYOUT).observations.length).toBe(41 * 3);
          } catch (error) {
            expect(error).toBeInstanceOf(ChunkError);
          }
        },
      ),
      { numRuns: 1000 },
    );
    // A length that would take gigabytes to make is refused before it does.
    const long = Uint8Array.from(original);
    new DataView(long.buffer).setUint32(20, 1 << 20, true);
    const huge = Buffer.concat([long.slice(0, head), new Uint8Array(8 << 20), bomb]);
    const wide = { ...LAYOUT, frames: 1, shape: [1000] };
    new DataView(huge.buffer, huge.byteOffset).setUint32(8, layoutFingerprint(wide), true);
    expect(() => decodeChunk(signed(Uint8Array.from(huge)), wide)).toThrow(/do not make 4194308000 bytes/);
  });

  it('lets no open chunk out of this process, by its type', () => {
    expectTypeOf<OpenChunk>().not.toExtend<SealedChunk>();
    expectTypeOf<Inbox['handIn']>().parameter(0).toEqualTypeOf<readonly SealedChunk[]>();
    expectTypeOf<RedisReplayStore['append']>().parameter(0).toEqualTypeOf<readonly SealedChunk[]>();
  });

  it('gives back an open chunk in this process only, and a sealed one anywhere', () => {
    fc.assert(
      fc.property(cases, ({ layout, chunk }) => {
        const open = encodeOpenChunk(chunk, layout);
        expect(decodeChunk(open, layout, true)).toEqual(chunk);
        // Whatever its checksum says: nobody has checked its numbers.
        for (const bytes of [open, signed(open.slice())])
          expect(() => decodeChunk(bytes, layout)).toThrow(ChunkError);
        const sealed = sealChunk(open);
        expect(Buffer.compare(sealed, encodeChunk(chunk, layout))).toBe(0);
        expect(decodeChunk(sealed, layout)).toEqual(chunk);
        expect(decodeChunk(sealed, layout, true)).toEqual(chunk);
      }),
    );
  });

  it('reads format 1, whose checksum is the CRC-32', () => {
    const bytes = encode();
    const older = bytes.slice();
    older[4] = 1;
    expect(() => decodeChunk(older, LAYOUT)).toThrow(/checksum/);
    new DataView(older.buffer).setUint32(12, crc32(older.subarray(16)), true);
    expect(decodeChunk(older, LAYOUT)).toEqual(decodeChunk(bytes, LAYOUT));
  });

  it('compresses many chunks at once, of noise as of what shrinks', async () => {
    const layout: Layout = { frames: 1, shape: [70, 70], dtype: 'uint8', actions: 9 };
    const random = new Random(3);
    const chunks = Array.from({ length: 40 }, (_, i) => {
      const chunk = makeChunk({ sequence: i, length: 1 + random.integer(40) }, layout);
      const noise = chunk.observations.map(() => random.integer(i % 2 === 0 ? 256 : 2));
      return { ...chunk, observations: noise as Uint8Array };
    });
    const sealed = await Promise.all(chunks.map((chunk) => compressChunk(encodeOpenChunk(chunk, layout))));
    for (const [i, bytes] of sealed.entries()) expect(decodeChunk(bytes, layout)).toEqual(chunks[i]);
  });

  it('says what is wrong with a value', () => {
    const bytes = encode();
    const version = bytes.slice();
    version[4] = 5;
    const other = { ...LAYOUT, frames: 1, shape: [4] };
    expect(() => decodeChunk(new TextEncoder().encode('{"a":1}'.repeat(20)), LAYOUT)).toThrow(
      /is not a chunk/,
    );
    expect(() => decodeChunk(version, LAYOUT)).toThrow(/format 5; this Qfleet reads up to 4/);
    expect(() => decodeChunk(bytes, other)).toThrow(/writer "actor-1" has another layout .*float32\[4\]/);
    expect(() => decodeChunk(bytes.subarray(0, 100), LAYOUT)).toThrow(/says it has 172 bytes; 100 are there/);
  });

  it.each([
    [9, 'Observation 9 is outside 0 … 8 (slot 2, episode 5, step 3)'],
    [-1, 'Observation -1 is outside 0 … 8 (slot 2, episode 5, step 3)'],
  ])('does not take Discrete observation %i of 9 for a state', (state, sentence) => {
    // As another process may write it, which knows no count.
    const layout: Layout = { frames: 1, shape: [], dtype: 'int32', actions: 4 };
    const observations = new Int32Array([0, 8, 1, state, 2]);
    const bytes = encodeChunk({ ...makeChunk(), observations, actions: new Int32Array(4) }, layout);
    expect(decodeChunk(bytes, layout).observations).toEqual(observations);
    expect(() => decodeChunk(bytes, { ...layout, count: 9 })).toThrow(sentence);
  });

  it('does not encode what must not be trained on', () => {
    const bad = (change: Partial<Chunk>) => () => encode(change);
    const observations = makeChunk().observations as Float32Array;
    observations[7] = Number.NaN;
    expect(bad({ offset: 10, rewards: new Float32Array([0, 0, Number.POSITIVE_INFINITY, 0]) })).toThrow(
      'Reward Infinity is not finite (slot 2, episode 5, step 12).',
    );
    expect(bad({ observations })).toThrow(
      'In a chunk, element 1 of the observation is NaN, not finite (slot 2, episode 5, step 2).',
    );
    expect(bad({ actions: new Int32Array([0, 1, 4, 0]) })).toThrow('Action 4 is outside 0 … 3');
    expect(bad({ actions: new Int32Array([0, -1, 0, 0]) })).toThrow('Action -1 is outside 0 … 3');
    expect(bad({ priorities: new Float32Array([1, -1, 0, 0]) })).toThrow(/Priority -1/);
    expect(bad({ rewards: new Float32Array(3) })).toThrow('A chunk of 4 steps has 4 rewards, not 3.');
    expect(bad({ observations: new Uint8Array(15) })).toThrow(/float32 × 15, not Uint8Array × 15/);
    expect(bad({ observations: new Float32Array(12) })).toThrow(/float32 × 15, not Float32Array × 12/);
    expect(bad({ writer: '' })).toThrow(/1 to 64 bytes/);
    expect(bad({ writer: 'x'.repeat(65) })).toThrow(/1 to 64 bytes/);
    expect(bad({ sequence: -1 })).toThrow(/sequence/);
    expect(bad({ slot: 0.5 })).toThrow(/slot/);
    expect(bad({ episodeReturn: Number.NaN })).toThrow(/episodeReturn/);
    expect(bad({ length: 0, observations: new Float32Array(3) })).toThrow(/1 to 1048576 steps/);
  });
});

describe('ChunkBuilder', () => {
  const make = (chunkLength: number, tdErrors?: ReturnOptions) => {
    let sequence = 10;
    return new ChunkBuilder({
      layout: { frames: 1, shape: [1], dtype: 'int32', actions: 9 },
      writer: 'w',
      slot: 3,
      chunkLength,
      sequence: () => sequence++,
      ...(tdErrors ? { tdErrors } : {}),
    });
  };
  const decode = (bytes: Uint8Array | null) =>
    decodeChunk(bytes!, { frames: 1, shape: [1], dtype: 'int32', actions: 9 }, true);
  const at = (value: number): [Int32Array, number] => [Int32Array.of(-1, value), 1];

  it('closes chunks at their length and at the end of an episode', () => {
    const builder = make(2);
    builder.epsilon = 0.5;
    builder.weightsVersion = 4;
    builder.begin(...at(100));
    expect(builder.push(1, 0.5, ...at(101), 'continues')).toBeNull();
    const first = decode(builder.push(2, 0.25, ...at(102), 'continues'));
    const last = decode(builder.push(3, 1, ...at(103), 'terminated'));
    expect(first).toMatchObject({ writer: 'w', slot: 3, sequence: 10, episode: 0, offset: 0, length: 2 });
    expect(first).toMatchObject({ end: 'continues', episodeReturn: 0.75, epsilon: 0.5, weightsVersion: 4 });
    expect([...first.observations]).toEqual([100, 101, 102]);
    expect([...first.actions]).toEqual([1, 2]);
    expect([...first.rewards]).toEqual([0.5, 0.25]);
    expect(first.priorities).toBeNull();
    expect(last).toMatchObject({ sequence: 11, episode: 0, offset: 2, length: 1, end: 'terminated' });
    expect(last.episodeReturn).toBe(1.75);
    expect([...last.observations]).toEqual([102, 103]);
    expect(builder.episodeLength).toBe(3);

    builder.begin(...at(200));
    expect(builder.episodeReturn).toBe(0);
    const next = decode(builder.push(0, 0, ...at(201), 'truncated'));
    expect(next).toMatchObject({ episode: 1, offset: 0, length: 1, end: 'truncated', sequence: 12 });
    expect([...next.observations]).toEqual([200, 201]);
  });

  it('gives out open steps at a flush, and goes on from there', () => {
    const builder = make(4);
    expect(builder.flush()).toBeNull();
    builder.begin(...at(1));
    expect(builder.flush()).toBeNull();
    builder.push(0, 1, ...at(2), 'continues');
    const flushed = decode(builder.flush());
    expect(flushed).toMatchObject({ offset: 0, length: 1, end: 'continues' });
    expect(builder.flush()).toBeNull();
    const next = decode(builder.push(0, 1, ...at(3), 'terminated'));
    expect(next).toMatchObject({ offset: 1, length: 1, episodeReturn: 2 });
    expect([...next.observations]).toEqual([2, 3]);
    expect(() => builder.push(0, 1, ...at(4), 'continues')).toThrow(/call begin first/);
  });

  it('waits for the value of the state after a chunk, where the chunk tells TD errors', () => {
    // δ = r + ½ max Q(s′, ·) − Q(s, a), or the two-step return of it.
    const builder = make(2, { discount: 0.5, nSteps: 2 });
    const errors = (bytes: Uint8Array | null) => [...decode(bytes).priorities!];
    builder.begin(...at(0));
    expect(builder.settle(9)).toBeNull();
    expect(builder.push(0, 1, ...at(1), 'continues', 3, 4)).toBeNull();
    expect(builder.push(0, 2, ...at(2), 'continues', 5, 6)).toBeNull();
    expect(builder.waiting).toBe(true);
    expect(() => builder.push(0, 2, ...at(3), 'continues')).toThrow(/call settle first/);
    expect(errors(builder.settle(8))).toEqual([
      Math.abs(1 + 0.5 * 2 + 0.25 * 8 - 3),
      Math.abs(2 + 0.5 * 8 - 5),
    ]);
    expect(builder.waiting).toBe(false);
    // Nothing is bootstrapped behind a terminal state, and so nothing waited for.
    expect(errors(builder.push(0, 7, ...at(3), 'terminated', 2, 2))).toEqual([5]);

    builder.begin(...at(0));
    expect(builder.push(0, 1, ...at(1), 'truncated', 0.5, 1)).toBeNull();
    const truncated = builder.settle(6);
    expect(decode(truncated)).toMatchObject({ end: 'truncated', offset: 0, length: 1 });
    expect(errors(truncated)).toEqual([3.5]);

    builder.begin(...at(0));
    builder.push(0, 1, ...at(1), 'continues', 2, 2);
    expect(builder.openSteps).toBe(1);
    expect(errors(builder.flush(4))).toEqual([1]);
    expect(decode(builder.push(0, 1, ...at(1), 'terminated', 2, 2))).toMatchObject({ offset: 1 });
  });

  it('keeps large observations apart, of full chunks and of short ones', async () => {
    const layout: Layout = { frames: 1, shape: [70, 70], dtype: 'uint8', actions: 9 };
    let sequence = 0;
    const builder = new ChunkBuilder({
      layout,
      writer: 'w',
      slot: 0,
      chunkLength: 3,
      sequence: () => sequence++,
    });
    const frame = (t: number) => new Uint8Array(4900).fill(t);
    const chunks: Uint8Array[] = [];
    let t = 0;
    for (const steps of [5, 6, 1, 18]) {
      builder.begin(frame(t), 0);
      for (let step = 1; step <= steps; step++) {
        t++;
        const open = builder.push(0, t, frame(t), 0, step === steps ? 'terminated' : 'continues');
        // What is compressed leaves its memory to a later chunk.
        if (open) chunks.push(chunks.length % 2 === 0 ? await compressChunk(open) : sealChunk(open));
      }
    }
    const decoded = chunks.map((bytes) => decodeChunk(bytes, layout));
    expect(decoded.map(({ length }) => length)).toEqual([3, 2, 3, 3, 1, 3, 3, 3, 3, 3, 3]);
    let before = 0;
    for (const { length, rewards, observations } of decoded) {
      expect([...rewards]).toEqual(Array.from({ length }, (_, i) => before + i + 1));
      const expected = Buffer.concat(Array.from({ length: length + 1 }, (_, i) => frame(before + i)));
      expect(Buffer.compare(observations as Uint8Array, expected)).toBe(0);
      before += length;
    }
  });

  it('refuses a reward that is not finite, by its place', () => {
    const builder = make(2);
    builder.begin(...at(1));
    builder.push(0, 1, ...at(2), 'continues');
    expect(() => builder.push(0, Number.NaN, ...at(3), 'continues')).toThrow(
      'Reward NaN is not finite (slot 3, episode 0, step 1).',
    );
  });
});
