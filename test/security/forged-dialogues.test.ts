import { Random } from '@qfleet/random';
import {
  ChunkError,
  type DialogueBatch,
  decodeTokenChunk,
  encodeTokenChunk,
  makeBatch,
  RedisReplayStore,
  Replay,
  type SealedChunk,
  type TokenChunk,
  tokenLayout,
} from '@qfleet/replay';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import xxhash from 'xxhash-wasm';
import { startRedis } from '../support/redis.ts';

const { h64Raw } = await xxhash();
const PREFIX = 'qfleet:{forged:0}:replay:';
const spec = { vocabulary: 50, context: 32, history: null, tokenizer: '0123456789abcdef' };
const layout = tokenLayout(spec);
/** A layout of more tokens and a longer context: what encodes whatever is forged. */
const wide = tokenLayout({ ...spec, vocabulary: 60_000, context: 1 << 18 });
const LAYOUT_AT = 8;
const CHECKSUM_AT = 12;
const LENGTH_AT = 20;
/** The header, and the writer's name. */
const COUNTS_AT = 72 + 8;
const TOKENS_AT = COUNTS_AT + 8;

/** A text of three tokens, an utterance of two, and an answer. */
const HONEST: TokenChunk = {
  ...{ writer: 'actor-1', sequence: 0, slot: 2, episode: 5, offset: 0, end: 'continues' },
  ...{ episodeReturn: 1.5, epsilon: 0.25, weightsVersion: 7 },
  tokens: Int32Array.of(5, 6, 7, 49, 0, 4),
  speakers: Uint8Array.of(2, 0, 0, 3, 1, 2),
  rewards: Float32Array.of(0, 1.5),
};
const SPEAKERS_AT = TOKENS_AT + 16;
const REWARD_AT = SPEAKERS_AT + 8 + 4;

/** Changes a chunk, and gives it the checksum of what it holds then, as somebody would on purpose. */
function forge(bytes: Uint8Array, change: (view: DataView) => void): SealedChunk {
  const forged = new Uint8Array(bytes);
  const view = new DataView(forged.buffer);
  change(view);
  view.setUint32(CHECKSUM_AT, Number(h64Raw(forged.subarray(16)) & 0xffffffffn), true);
  return forged as SealedChunk;
}

const honest = (sequence: number, more: Partial<TokenChunk> = {}): SealedChunk =>
  encodeTokenChunk({ ...HONEST, ...more, sequence }, layout);

/** A chunk of another layout that calls itself one of this. */
const disguised = (sequence: number, more: Partial<TokenChunk>): SealedChunk =>
  forge(encodeTokenChunk({ ...HONEST, ...more, sequence }, wide), (view) =>
    view.setUint32(
      LAYOUT_AT,
      new DataView(honest(0).buffer, honest(0).byteOffset).getUint32(LAYOUT_AT, true),
      true,
    ),
  );

/** So many tokens of the environment's, and then one of the agent's. */
const long = (count: number): Partial<TokenChunk> => ({
  tokens: new Int32Array(count + 1),
  speakers: Uint8Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 2 : i === count ? 3 : 0)),
  rewards: Float32Array.of(1),
});

/** The replay of a run on a Redis of its own, and what its learner sees of it. */
async function openReplay() {
  const server = await startRedis();
  const redis = new Redis(server.socket);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
  });
  const store = await RedisReplayStore.create(redis, PREFIX, layout, { transitions: 10_000, bytes: 1 << 24 });
  const unit = { kind: 'dialogue', batchTokens: 64, discountPer: 'turn' } as const;
  const replay = new Replay(store, { layout, capacity: 10_000, discount: 0.9, unit });
  const sample = async (): Promise<DialogueBatch> => {
    const batch = makeBatch(unit, 1, layout) as DialogueBatch;
    await replay.sample(batch, new Random(0));
    return batch;
  };
  return { redis, store, replay, sample };
}

it('chunks of texts come back from Redis as they went, and are trained on over chunks', async () => {
  const { store, replay, sample } = await openReplay();
  const next: Partial<TokenChunk> = {
    ...{ offset: 2, end: 'terminated', episodeReturn: -0.5 },
    tokens: Int32Array.of(9, 0),
    speakers: Uint8Array.of(3, 1),
    rewards: Float32Array.of(0, -2),
  };
  expect(await store.append([honest(0), honest(1, next)])).toMatchObject({
    stored: 2,
    standing: { insertedTotal: 4, evictedTotal: 0, transitions: 4 },
  });
  // The same again is no news.
  expect(await store.append([honest(1, next)])).toMatchObject({ stored: 0 });
  const { chunks } = await store.follow(0, 1 << 20);
  expect(chunks.map(({ bytes }) => decodeTokenChunk(bytes, layout))).toEqual([
    HONEST,
    { ...HONEST, ...next, sequence: 1 },
  ]);
  expect(await replay.sync()).toBe(4);
  const batch = await sample();
  const rows = Array.from({ length: batch.size }, (_, row) =>
    [...batch.tokens.subarray(row * batch.length, (row + 1) * batch.length)].slice(0, 8).join(),
  );
  for (const row of rows) expect(['5,6,7,49,0,4,0,0', '5,6,7,49,0,4,9,0']).toContain(row);
});

it.each<[string, (sequence: number) => SealedChunk]>([
  ['a token beyond the vocabulary', (i) => forge(honest(i), (v) => v.setUint16(TOKENS_AT + 2, 50, true))],
  ['a token far beyond it', (i) => disguised(i, { tokens: Int32Array.of(5, 6, 7, 59_999, 0, 4) })],
  [
    'an utterance that another speaker goes on with',
    (i) => forge(honest(i), (v) => v.setUint8(SPEAKERS_AT, 0x12)),
  ],
  ['an episode that the agent begins', (i) => forge(honest(i), (v) => v.setUint8(SPEAKERS_AT, 0xc3))],
  ['no token of the agent', (i) => forge(honest(i), (v) => v.setUint16(SPEAKERS_AT, 0x0202, true))],
  ['more steps than the agent has tokens', (i) => forge(honest(i), (v) => v.setUint32(LENGTH_AT, 3, true))],
  [
    'a reward that is not a number',
    (i) => forge(honest(i), (v) => v.setFloat32(REWARD_AT, Number.NaN, true)),
  ],
  [
    'an endless reward',
    (i) => forge(honest(i), (v) => v.setFloat32(REWARD_AT, Number.POSITIVE_INFINITY, true)),
  ],
  ['a reward of no step', (i) => forge(honest(i), (v) => v.setUint32(REWARD_AT - 4, 2, true))],
  ['more rewards than steps', (i) => forge(honest(i), (v) => v.setUint32(COUNTS_AT + 4, 3, true))],
  ['more tokens than bytes', (i) => forge(honest(i), (v) => v.setUint32(COUNTS_AT, 1000, true))],
  ['four thousand million tokens', (i) => forge(honest(i), (v) => v.setUint32(COUNTS_AT, 0xffffffff, true))],
  ['texts longer than any context', (i) => disguised(i, long(2_000))],
  ['texts of a quarter of a million tokens', (i) => disguised(i, long(250_000))],
  [
    'an endless exploration rate',
    (i) => forge(honest(i), (v) => v.setFloat64(56, Number.POSITIVE_INFINITY, true)),
  ],
])('a chunk of texts with %s is refused by the learner, and never sampled', async (_, make) => {
  const { store, replay, sample } = await openReplay();
  expect(await store.append([honest(0), make(1), honest(2, { episode: 6 })])).toMatchObject({ stored: 3 });
  expect(await replay.sync()).toBe(4);
  expect(replay.counts).toMatchObject({ refusedChunks: 1 });
  const { length, tokens } = await sample();
  expect(length).toBe(16);
  expect(Math.max(...tokens)).toBe(49);
});

it.each<[string, (bytes: SealedChunk) => Uint8Array, RegExp]>([
  ['that is torn', (bytes) => bytes.subarray(0, bytes.length - 8), /says it has \d+ bytes; \d+ are there/],
  ['that is torn in its header', (bytes) => bytes.subarray(0, 40), /is not a chunk/],
  [
    'of another tokenizer',
    () => encodeTokenChunk(HONEST, tokenLayout({ ...spec, tokenizer: 'f' })),
    /another layout/,
  ],
  [
    'of more steps than the replay holds',
    (b) => forge(b, (v) => v.setUint32(LENGTH_AT, 10_001, true)),
    /10001 steps/,
  ],
  [
    'of more steps than bytes',
    (b) => forge(b, (v) => v.setUint32(LENGTH_AT, 10_000, true)),
    /10000 steps are not/,
  ],
  ['of no steps', (bytes) => forge(bytes, (v) => v.setUint32(LENGTH_AT, 0, true)), /impossible values/],
])('a chunk of texts %s is refused at the door', async (_, make, message) => {
  const { store, replay } = await openReplay();
  const bytes = make(honest(0)) as SealedChunk;
  await expect(store.append([bytes])).rejects.toThrow(message);
  await expect(store.append([bytes])).rejects.toThrow(ChunkError);
  expect(await replay.sync()).toBe(0);
  expect(await store.standing()).toMatchObject({ newest: 0, transitions: 0 });
});
