import { Random } from '@qfleet/random';
import { describe, expect, it } from 'vitest';
import {
  type Chunk,
  ChunkError,
  compressChunk,
  decodeChunk,
  encodeChunk,
  encodeOpenChunk,
  type Layout,
  layoutFingerprint,
  MemoryReplayStore,
  makeTransitionBatch,
  maskColumn,
  Replay,
} from '../src/index.ts';
import { LAYOUT, makeChunk } from './support/episodes.ts';

const MASKED: Layout = { ...LAYOUT, columns: [maskColumn(LAYOUT.actions)] };
const NAMED: Layout = {
  frames: 1,
  shape: [84, 84],
  dtype: 'uint8',
  actions: 4,
  columns: [
    { name: 'whose', dtype: 'uint8', shape: [], cadence: 'step' },
    { name: 'memory', dtype: 'float32', shape: [3], cadence: 'state' },
    { name: 'context', dtype: 'int32', shape: [2, 2], cadence: 'chunk' },
  ],
};

const masks = (length: number, allowed = 1) => new Uint8Array((length + 1) * LAYOUT.actions).fill(allowed);

describe('named columns of a chunk', () => {
  const columns = {
    whose: Uint8Array.of(1, 0, 1, 1, 0),
    memory: Float32Array.from({ length: 18 }, (_, i) => i / 4),
    context: Int32Array.of(-1, 2, 3, 4),
  };
  const chunk = makeChunk({ length: 5, columns }, NAMED);

  it.each([
    ['plain', async () => encodeChunk(chunk, NAMED)],
    ['compressed', () => compressChunk(encodeOpenChunk(chunk, NAMED))],
  ])('come back as they were (%s)', async (_, make) => {
    const bytes = await make();
    for (const shifted of [bytes, Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)]) {
      const decoded = decodeChunk(shifted, NAMED);
      expect(decoded.columns).toEqual(columns);
      expect(decoded.observations).toEqual(chunk.observations);
      expect(decoded.rewards).toEqual(chunk.rewards);
    }
    // Cut short anywhere, it is refused.
    for (let length = 0; length < Math.min(bytes.length, 300); length += 7) {
      expect(() => decodeChunk(bytes.subarray(0, length), NAMED)).toThrow(ChunkError);
    }
  });

  it('leave chunks without them as earlier versions write and read them', () => {
    const plain = encodeChunk(makeChunk(), LAYOUT);
    expect(plain[4]).toBe(2);
    expect(encodeChunk(makeChunk({}, { ...LAYOUT, columns: [] }), { ...LAYOUT, columns: [] })).toEqual(plain);
    expect(layoutFingerprint({ ...LAYOUT, columns: [] })).toBe(layoutFingerprint(LAYOUT));
    expect(layoutFingerprint(MASKED)).not.toBe(layoutFingerprint(LAYOUT));
    expect(encodeChunk(chunk, NAMED)[4]).toBe(3);
  });

  it('are refused where they are missing, of another length or type, or no numbers', () => {
    const encode = (change: Partial<Chunk>) => () => encodeChunk({ ...chunk, ...change }, NAMED);
    expect(encode({ columns: { ...columns, whose: Uint8Array.of(1) } })).toThrow(
      /Column whose of 5 steps is uint8 × 5, not Uint8Array × 1/,
    );
    expect(encode({ columns: { whose: columns.whose, memory: columns.memory } })).toThrow(
      /Column context of 5 steps is int32 × 4, not there/,
    );
    expect(encode({ columns: { ...columns, memory: columns.memory.map(() => Number.NaN) } })).toThrow(
      /memory is NaN, not finite \(slot 2, episode 5, step 0\)/,
    );
  });
});

describe('masks', () => {
  it('are refused where they allow nothing, or not what was done', () => {
    const make = (mask: Uint8Array) => () => encodeChunk(makeChunk({ columns: { mask } }, MASKED), MASKED);
    expect(make(masks(4))).not.toThrow();
    const nothing = masks(4);
    nothing.fill(0, 4 * 4);
    expect(make(nothing)).toThrow(/mask of a state allows no action \(slot 2, episode 5, step 4\)/);
    const other = masks(4);
    other[2 * 4 + 2] = 0;
    expect(make(other)).toThrow(/Action 2 was taken, which its state's mask does not allow .*step 2\)/);
  });

  it('come with the state and with the one that is bootstrapped from', async () => {
    const store = new MemoryReplayStore(MASKED, { transitions: 100, bytes: 1e6 });
    const replay = new Replay(store, {
      layout: MASKED,
      capacity: 100,
      discount: 0.9,
      unit: { kind: 'transition', nSteps: 2 },
    });
    for (const [sequence, end] of (['continues', 'terminated'] as const).entries()) {
      const observations = Float32Array.from({ length: 15 }, (_, i) => 4 * sequence + Math.floor(i / 3));
      // The mask of state t allows the action taken there, t % 4, and also 3 where t is odd.
      const mask = Uint8Array.from({ length: 20 }, (_, i) => {
        const [t, a] = [Math.floor(i / 4) + 4 * sequence, i % 4];
        return a === t % 4 || (a === 3 && t % 2 === 1) ? 1 : 0;
      });
      await store.append([
        encodeChunk(
          makeChunk({ sequence, offset: 4 * sequence, end, observations, columns: { mask } }, MASKED),
          MASKED,
        ),
      ]);
    }
    await replay.sync();
    const batch = makeTransitionBatch(64, MASKED);
    await replay.sample(batch, new Random(1));
    const expected = (t: number) =>
      [0, 1, 2, 3].map((a) => (a === t % 4 || (a === 3 && t % 2 === 1) ? 1 : 0));
    for (let row = 0; row < batch.size; row++) {
      const [t, next] = [batch.observations[row * 3], batch.nextObservations[row * 3]];
      expect(next).toBe(Math.min(t + 2, 8));
      const of = (values: ArrayLike<number>) => Array.from({ length: 4 }, (_, a) => values[row * 4 + a]);
      expect(of(batch.columns['mask'])).toEqual(expected(t));
      expect(of(batch.nextColumns['mask'])).toEqual(expected(next));
    }
  });
});
