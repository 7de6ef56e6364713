import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChunkError,
  type DialogueBatch,
  DialogueBuilder,
  decodeChunk,
  decodeTokenChunk,
  encodeTokenChunk,
  isAgents,
  makeBatch,
  peekChunk,
  SPEAKER,
  type TokenChunk,
  tokenLayout,
} from '../src/index.ts';
import { bucketOf, rowsOf } from '../src/sampling/dialogues/dialogue-sampler.ts';
import { chunksOf, drawEpisode, LAST_TEXT, replayOf, type Spoken, TEXTS } from './support/dialogues.ts';

const CHUNK: TokenChunk = {
  ...{ writer: 'actor-1', sequence: 3, slot: 2, episode: 5, offset: 0, end: 'truncated' },
  ...{ episodeReturn: 1.5, epsilon: 0.25, weightsVersion: 7 },
  tokens: Int32Array.of(5, 6, 999, 0, 4),
  speakers: Uint8Array.of(
    ...[SPEAKER.environmentBegins, SPEAKER.environment, SPEAKER.agentBegins, SPEAKER.agent],
    SPEAKER.environmentBegins,
  ),
  rewards: Float32Array.of(0, 1.5),
};

/** The tokens of a row that are there. */
const rowOf = ({ tokens, mask, length }: DialogueBatch, row: number): number[] =>
  [...tokens.subarray(row * length, (row + 1) * length)].filter((_, i) => mask[row * length + i] === 1);

/** The tokens of a row that are trained on. */
const trainedOf = ({ tokens, trained, length }: DialogueBatch, row: number): number[] =>
  [...tokens.subarray(row * length, (row + 1) * length)].filter((_, i) => trained[row * length + i] === 1);

describe('a chunk of texts', () => {
  it('is what it was after a journey, in as few bytes as it is told', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 12 }), fc.boolean(), (seed, exchanges, isWide) => {
        const layout = isWide ? tokenLayout({ ...TEXTS.tokens!, vocabulary: 100_000 }) : TEXTS;
        const [bytes] = chunksOf([drawEpisode(new Random(seed), exchanges)], 1 << 20, layout);
        const chunk = decodeTokenChunk(bytes!, layout);
        expect(encodeTokenChunk(chunk, layout)).toEqual(bytes);
        expect(peekChunk(bytes!).length).toBe(chunk.rewards.length);
        const head = 72 + 8 + 8 + 24;
        const size = isWide ? 4 : 2;
        expect(bytes!.length).toBeLessThanOrEqual(
          head + Math.ceil((size + 0.25) * chunk.tokens.length) + 8 * exchanges,
        );
      }),
    );
  });

  it('takes at most four bytes a token where utterances have some', () => {
    const random = new Random(1);
    const [bytes] = chunksOf([drawEpisode(random, 200, 12)], 1 << 20);
    expect(bytes!.length / decodeTokenChunk(bytes!, TEXTS).tokens.length).toBeLessThan(4);
  });

  it('has as actions the tokens of the agent, as steps their number', () => {
    const { actions, length, rewards } = decodeChunk(encodeTokenChunk(CHUNK, TEXTS), TEXTS);
    expect([...actions]).toEqual([999, 0]);
    expect(length).toBe(2);
    expect([...rewards]).toEqual([0, 1.5]);
  });

  it.each([
    ['a token that is none', { tokens: Int32Array.of(5, 6, 1000, 0, 4) }, /Token 1000 is outside 0 … 999/],
    ['a reward that is no number', { rewards: Float32Array.of(0, Number.NaN) }, /Reward NaN is not finite/],
    ['no token of the agent', { speakers: Uint8Array.of(2, 0, 0, 0, 2) }, /has a token of the agent/],
    ['an episode that the agent begins', { speakers: Uint8Array.of(3, 1, 2, 2, 2) }, /begins with a text/],
    ['a middle without a beginning', { speakers: Uint8Array.of(2, 1, 3, 0, 2) }, /goes on with what another/],
    ['a missing reward', { rewards: Float32Array.of(1) }, /as many speakers and rewards/],
  ])('is refused with %s', (_what, wrong, message) => {
    expect(() => encodeTokenChunk({ ...CHUNK, ...wrong }, TEXTS)).toThrow(message);
    expect(() => encodeTokenChunk({ ...CHUNK, ...wrong }, TEXTS)).toThrow(ChunkError);
  });

  it('is closed where its texts are long, and refused where they are longer than any that was read', () => {
    const tokens = (count: number) => Array.from({ length: count }, () => 1);
    const exchange = { said: [1, 2], reward: 0, answer: tokens(62) };
    const spoken: Spoken = {
      ...{ first: tokens(62), end: 'terminated' },
      exchanges: Array.from({ length: 100 }, () => exchange),
    };
    const lengths = chunksOf([spoken], 1 << 20).map((bytes) => decodeTokenChunk(bytes, TEXTS).tokens.length);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(62 + 100 * 64);
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(1024);
    expect(Math.max(...lengths)).toBeLessThan(1024 + 64);
    const most = 1024 + 2 * 64;
    const chunkOf = (length: number): TokenChunk => ({
      ...{ ...CHUNK, tokens: new Int32Array(length), rewards: new Float32Array(1) },
      speakers: Uint8Array.from({ length }, (_, i) => (i === 0 ? 2 : i === length - 1 ? 3 : 0)),
    });
    expect(decodeTokenChunk(encodeTokenChunk(chunkOf(most), TEXTS), TEXTS).tokens).toHaveLength(most);
    expect(() => encodeTokenChunk(chunkOf(most + 1), TEXTS)).toThrow(/context of 64 .* at most 1152 tokens/);
  });

  it('is refused where a byte was changed, or another tokenizer made it', () => {
    const bytes = encodeTokenChunk(CHUNK, TEXTS);
    for (let at = 0; at < bytes.length; at++) {
      const wrong = bytes.slice();
      wrong[at] ^= 0x10;
      expect(() => decodeChunk(wrong, TEXTS), `byte ${at}`).toThrow(ChunkError);
    }
    const other = tokenLayout({ ...TEXTS.tokens!, tokenizer: 'fedcba9876543210' });
    expect(() => decodeChunk(bytes, other)).toThrow(/another layout than this run's .*tokenizer fedc/);
  });
});

describe('a row of dialogues', () => {
  const spoken: Spoken = {
    first: [1, 2],
    exchanges: [
      { said: [10, 11], reward: -1, answer: [3] },
      { said: [12], reward: -2, answer: [4, 5] },
      { said: [13, 14], reward: -3, answer: [] },
    ],
    end: 'truncated',
  };

  async function rows(chunkLength: number, layout = TEXTS, context = 64) {
    const given = tokenLayout({ ...layout.tokens!, context });
    const chunks = chunksOf([spoken], chunkLength, given);
    const { replay, unit } = await replayOf(chunks, { batchTokens: 16 }, given);
    const found = new Map<string, DialogueBatch>();
    const random = new Random(0);
    for (let i = 0; i < 200; i++) {
      const batch = makeBatch(unit, 1, given) as DialogueBatch;
      await replay.sample(batch, random);
      found.set(trainedOf(batch, 0).join(), batch);
    }
    return found;
  }

  it('is a whole episode where a chunk is', async () => {
    const found = await rows(100);
    expect([...found.keys()]).toEqual(['10,11,12,13,14']);
    const [row] = found.values();
    expect(rowOf(row!, 0)).toEqual([1, 2, 10, 11, 3, 12, 4, 5, 13, 14]);
    expect([...row!.rewards.subarray(0, 10)]).toEqual([0, 0, 0, -1, 0, -2, 0, 0, 0, -3]);
    expect(row).toMatchObject({ ends: ['truncated'], steps: 5, length: 16, size: 1 });
    expect(row!.tails[0]).toBe(0);
  });

  it('has before each chunk what the agent had read, over chunks', async () => {
    const found = await rows(1);
    expect([...found.keys()].sort()).toEqual(['10,11', '12', '13,14']);
    expect(rowOf(found.get('12')!, 0)).toEqual([1, 2, 10, 11, 3, 12, 4, 5]);
    expect(rowOf(found.get('13,14')!, 0)).toEqual([1, 2, 10, 11, 3, 12, 4, 5, 13, 14]);
    expect(found.get('12')!.ends).toEqual(['continues']);
    // The rewards of later chunks: r₄ and r₅, discounted from the state after the chunk on.
    expect(found.get('12')!.tails[0]).toBeCloseTo(0.9 * -3, 6);
    expect(found.get('10,11')!.tails[0]).toBeCloseTo(-2 + 0.9 ** 2 * -3, 6);
  });

  it('begins with a text within the context', async () => {
    const found = await rows(1, TEXTS, 6);
    expect(rowOf(found.get('13,14')!, 0)).toEqual([3, 12, 4, 5, 13, 14]);
    expect(rowOf((await rows(1, TEXTS, 4)).get('13,14')!, 0)).toEqual([4, 5, 13, 14]);
    expect([...found.get('13,14')!.positions.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('has texts apart where only the last is read', async () => {
    const whole = (await rows(100, LAST_TEXT)).get('10,11,12,13,14')!;
    expect([...whole.segments.subarray(0, 10)]).toEqual([0, 0, 0, 0, 1, 1, 2, 2, 2, 2]);
    expect([...whole.positions.subarray(0, 10)]).toEqual([0, 1, 2, 3, 0, 1, 0, 1, 2, 3]);
    const parts = await rows(1, LAST_TEXT);
    expect(rowOf(parts.get('13,14')!, 0)).toEqual([4, 5, 13, 14]);
  });

  it('has nothing of another episode, whose slot and number are the same with another writer', async () => {
    // Each episode's tokens have its own hundred; chunks of an utterance each lie in the store by turns.
    const written = [1, 2, 3].map((hundred) => {
      let sequence = 0;
      const builder = new DialogueBuilder({
        ...{ layout: TEXTS, writer: `w${hundred}`, slot: 0, chunkLength: 1 },
        sequence: () => sequence++,
      });
      return [1, 2].flatMap((half) => {
        const token = (i: number) => 100 * hundred + 50 * (half - 1) + i;
        builder.begin([token(0)]);
        return [1, 2, 3, 4].map(
          (turn) =>
            builder.push(
              [token(10 * turn)],
              1,
              [token(10 * turn + 1)],
              // The second writer dies amid each episode.
              turn < 4 || hundred === 2 ? 'continues' : 'terminated',
            )!,
        );
      });
    });
    const byTurns = written[0]!.flatMap((_, i) => written.map((own) => own[i]!));
    const { replay, unit } = await replayOf(byTurns, { batchTokens: 16 });
    const batch = makeBatch(unit, 1, TEXTS) as DialogueBatch;
    const random = new Random(0);
    const seen = new Set<string>();
    for (let i = 0; i < 400; i++) {
      await replay.sample(batch, random);
      const row = rowOf(batch, 0);
      seen.add(row.join());
      const base = 50 * Math.floor(row[0]! / 50);
      const turns = (row.length - 1) / 2;
      expect(row).toEqual([
        base,
        ...Array.from({ length: turns }, (_, turn) => [
          base + 10 * (turn + 1),
          base + 10 * (turn + 1) + 1,
        ]).flat(),
      ]);
    }
    expect(seen.size).toBe(24);
  });

  it('leaves out what the agent had not read where an episode’s beginning was evicted', async () => {
    const chunks = chunksOf([spoken], 1, LAST_TEXT).slice(2);
    const { replay, unit } = await replayOf(chunks, { batchTokens: 16 }, LAST_TEXT);
    const batch = makeBatch(unit, 1, LAST_TEXT) as DialogueBatch;
    await replay.sample(batch, new Random(0));
    expect(rowOf(batch, 0)).toEqual([13, 14]);
    expect(batch.steps).toBe(0);
  });
});

describe('sampling dialogues', () => {
  it('draws each as often as its priority says, whatever its length', async () => {
    const random = new Random(5);
    // Lengths that fall into buckets of 16, 32 and 64 tokens.
    const episodes = Array.from({ length: 24 }, (_, i) => drawEpisode(random, 1 + (i % 3) * 5, 4));
    const { replay, unit } = await replayOf(chunksOf(episodes), {
      ...{ batchTokens: 128, prioritized: { alpha: 1, epsilon: 1e-9 } },
    });
    const counts = new Map<number, number>();
    const lengths = new Set<number>();
    const batch = makeBatch(unit, 1, TEXTS) as DialogueBatch;
    // Until each was drawn once, so that all handles are known.
    while (counts.size < episodes.length) {
      await replay.sample(batch, random);
      for (const handle of batch.handles) counts.set(handle, 0);
    }
    const handles = [...counts.keys()].sort((a, b) => a - b);
    const priorities = handles.map((_, i) => 1 + (i % 4));
    replay.updatePriorities(Int32Array.from(handles), Float32Array.from(priorities));
    let drawn = 0;
    while (drawn < 40_000) {
      await replay.sample(batch, random);
      lengths.add(batch.length);
      expect(batch.size).toBe(rowsOf(batch.length, 128));
      for (const handle of batch.handles) counts.set(handle, counts.get(handle)! + 1);
      drawn += batch.size;
    }
    expect(lengths.size).toBeGreaterThan(1);
    const total = priorities.reduce((sum, each) => sum + each, 0);
    for (const [i, handle] of handles.entries()) {
      const expected = (drawn * priorities[i]!) / total;
      expect(Math.abs(counts.get(handle)! - expected), `dialogue ${i}`).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('goes on from what was drawn and waits for its length, so that the same batches follow', async () => {
    const random = new Random(11);
    // Rows of 16 to 128 tokens, of several chunks an episode.
    const episodes = Array.from({ length: 20 }, (_, i) => drawEpisode(random, 2 + 3 * (i % 6), 4));
    const chunks = chunksOf(episodes, 6);
    const { replay, unit } = await replayOf(chunks, { batchTokens: 256 });
    const batch = makeBatch(unit, 1, TEXTS) as DialogueBatch;
    for (let i = 0; i < 25; i++) await replay.sample(batch, random);
    const [{ state }, { drawn }] = [random, replay];
    expect(drawn.length).toBeGreaterThan(5);
    const after = async (view: typeof replay, stream: Random) => {
      const followed: string[] = [];
      for (let i = 0; i < 25; i++) {
        await view.sample(batch, stream);
        followed.push(`${batch.length}: ${batch.tokens.join()} / ${batch.trained.join()}`);
      }
      return followed;
    };
    const whole = await after(replay, random);
    const { replay: again } = await replayOf(chunks, { batchTokens: 256, drawn });
    // Before the first batch, too: a run may be interrupted at once.
    expect(again.drawn).toEqual(drawn);
    expect(await after(again, Random.from(state))).toEqual(whole);
    const { replay: without } = await replayOf(chunks, { batchTokens: 256 });
    expect(await after(without, Random.from(state))).not.toEqual(whole);
    // What is there no more is left out.
    const gone = { writer: 'another', slot: 0, episode: 0, offset: 0 };
    const { replay: beside } = await replayOf(chunks, { batchTokens: 256, drawn: [gone, ...drawn] });
    expect(await after(beside, Random.from(state))).toEqual(whole);
  });

  it('holds a batch’s tokens about equal', () => {
    for (const tokens of [1, 16, 17, 100, 128, 300]) {
      const length = bucketOf(tokens);
      const cells = rowsOf(length, 1024) * length;
      expect(cells).toBeLessThanOrEqual(1024);
      expect(cells).toBeGreaterThan(1024 - length);
    }
    expect(rowsOf(2048, 1024)).toBe(1);
  });

  it('pads a row by less than 16 tokens, or a quarter of its own', () => {
    const lengths = new Set<number>();
    for (let tokens = 0; tokens <= 4096; tokens++) {
      const length = bucketOf(tokens);
      expect(length).toBeGreaterThanOrEqual(Math.max(1, tokens));
      expect(length - tokens).toBeLessThan(Math.max(16 + Number(tokens === 0), tokens / 4));
      lengths.add(length);
    }
    // Few, since each has traces of its own.
    expect(lengths.size).toBe(28);
  });

  it('counts the agent’s tokens: in the replay, of what is sampled, of what is evicted', async () => {
    const random = new Random(9);
    const episodes = Array.from({ length: 50 }, () => drawEpisode(random, 3));
    const chunks = chunksOf(episodes);
    const agents = chunks.map((bytes) => decodeTokenChunk(bytes, TEXTS).speakers.filter(isAgents).length);
    const { store, replay, unit } = await replayOf(chunks, { capacity: 100 });
    const standing = await store.standing();
    expect(standing.insertedTotal).toBe(agents.reduce((sum, each) => sum + each, 0));
    expect(standing.transitions).toBeLessThanOrEqual(100);
    const batch = makeBatch(unit, 1, TEXTS) as DialogueBatch;
    await replay.sample(batch, random);
    expect(batch.steps).toBe([...batch.trained].filter((each) => each === 1).length);
    await replay.sync();
    expect((await store.standing()).sampledTotal).toBe(batch.steps);
  });
});
