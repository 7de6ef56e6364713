import { Random } from '@qfleet/random';
import { describe, expect, it } from 'vitest';
import { encodeChunk, MemoryReplayStore, makeTransitionBatch, Replay } from '../src/index.ts';
import { counter, cut, type Episode, LAYOUT, makeEpisode } from './support/episodes.ts';

/**
 * The textbook n-step target of step t of an episode of which `known` steps are there: Sutton and Barto,
 * "Reinforcement Learning", 2018, equation 7.1, summed term by term.
 */
function reference(episode: Episode, t: number, known: number, n: number, gamma: number) {
  const last = Math.min(t + n, known);
  let sum = 0;
  for (let k = t; k < last; k++) sum += gamma ** (k - t) * episode.rewards[k];
  const terminal = last === episode.actions.length && episode.end === 'terminated';
  return { sum, discount: terminal ? 0 : gamma ** (last - t), next: episode.observations[last] };
}

/** The episode with each reward clipped, then scaled. */
function shaped(episode: Episode, { largest, scale }: { largest: number; scale: number }): Episode {
  const clip = (reward: number) => (Math.abs(reward) > largest ? Math.sign(reward) * largest : reward);
  return { ...episode, rewards: episode.rewards.map((reward) => scale * clip(reward)) };
}

describe('n-step returns', () => {
  const asTheyAre = { largest: Number.POSITIVE_INFINITY, scale: 1 };
  it.each([
    ...[1, 2, 3, 5, 40].map((n) => ({ n, shaping: asTheyAre })),
    { n: 3, shaping: { largest: 0.4, scale: 1 } },
    { n: 3, shaping: { largest: 0.5, scale: 0.1 } },
  ])(
    'of $n steps agree with the definition over random chunk borders, each reward as $shaping',
    async (given) => {
      const { n, shaping } = given;
      const random = new Random(n);
      const sequence = counter();
      const store = new MemoryReplayStore(LAYOUT, { transitions: 10_000, bytes: 1e9 });
      const replay = new Replay(store, {
        layout: LAYOUT,
        capacity: 10_000,
        discount: 0.9,
        unit: { kind: 'transition', nSteps: n, ...(shaping === asTheyAre ? {} : { rewards: shaping }) },
      });
      const episodes = new Map<string, Episode>();
      const known = new Map<string, number>();
      // Several slots' chunks come interleaved; some episodes are not finished when the batch is drawn.
      const slots = [0, 1, 2].map((slot) =>
        [0, 1, 2, 3].flatMap((number) => {
          const episode = makeEpisode(random, slot, number, 1 + random.integer(20));
          episodes.set(`${slot} ${number}`, episode);
          const chunks = cut(episode, random, 6, () => 0);
          return number === 3 && chunks.length > 1 ? chunks.slice(0, -1) : chunks;
        }),
      );
      while (slots.some((chunks) => chunks.length > 0)) {
        const chunk = slots[random.integer(3)].shift();
        if (!chunk) continue;
        await store.append([encodeChunk({ ...chunk, sequence: sequence() }, LAYOUT)]);
        known.set(`${chunk.slot} ${chunk.episode}`, chunk.offset + chunk.length);
        if (random.uniform() < 0.3) await replay.sync();
      }
      await replay.sync();

      const batch = makeTransitionBatch(64, LAYOUT);
      const seen = new Set<string>();
      for (let round = 0; round < 40; round++) {
        await replay.sample(batch, random);
        for (let i = 0; i < batch.size; i++) {
          const [slot, number, t] = batch.observations.subarray(i * 3, i * 3 + 3);
          const key = `${slot} ${number}`;
          const expected = reference(shaped(episodes.get(key)!, shaping), t, known.get(key)!, n, 0.9);
          expect(batch.actions[i]).toBe(episodes.get(key)!.actions[t]);
          expect(batch.returns[i]).toBeCloseTo(expected.sum, 5);
          expect(batch.discounts[i]).toBeCloseTo(expected.discount, 6);
          expect([...batch.nextObservations.subarray(i * 3, i * 3 + 3)]).toEqual(expected.next);
          seen.add(`${key} ${t}`);
        }
      }
      expect(seen.size).toBe(replay.size);
    },
  );
});
