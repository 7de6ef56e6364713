import { END, makeRound, type Round } from '@qfleet/agents';
import { Random } from '@qfleet/random';
import { decodeChunk, encodeChunk, type Layout, sealChunk } from '@qfleet/replay';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundChunks, roundLayout, takeRoundChunk } from '../src/index.ts';

/** A round that could have been played: a step before a lost one ends its episode. */
function drawRound(layout: Layout, copies: number, steps: number, random: Random): Round {
  const round = makeRound(layout, copies, steps);
  for (let i = 0; i < round.observations.length; i++) round.observations[i] = random.integer(7);
  for (let place = copies * steps - 1; place >= 0; place--) {
    round.actions[place] = random.integer(layout.actions);
    round.rewards[place] = random.normal();
    round.nextValues[place] = random.normal();
    const isLastBefore = place + copies < copies * steps && round.ends[place + copies] === END.lost;
    const end = random.uniform() < 0.7 ? END.continues : random.integer(4);
    round.ends[place] = isLastBefore && end === END.continues ? END.truncated : end;
  }
  return round;
}

const setting = (layout: Layout, slots: readonly number[]) => {
  let sequence = 0;
  return {
    layout: roundLayout(layout),
    writer: 'w',
    slots,
    sequence: () => sequence++,
    epsilon: () => 0.1,
    weightsVersion: 5,
  };
};

describe('chunks of a round', () => {
  const layouts: readonly Layout[] = [
    { frames: 1, shape: [3], dtype: 'float32', actions: 2 },
    { frames: 3, shape: [2, 2], dtype: 'uint8', actions: 4 },
    { frames: 1, shape: [], dtype: 'int32', count: 7, actions: 3 },
    { frames: 2, shape: [], dtype: 'int32', count: 7, actions: 3, masked: true },
  ];

  it('bring each slot’s part to the place of its copy, and nothing else', () => {
    const given = fc.record({
      layout: fc.constantFrom(...layouts),
      copies: fc.integer({ min: 1, max: 6 }),
      steps: fc.integer({ min: 1, max: 20 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
    });
    fc.assert(
      fc.property(given, ({ layout, copies, steps, seed }) => {
        const random = new Random(seed);
        const round = drawRound(layout, copies, steps, random);
        const slots = Array.from({ length: copies }, (_, copy) => copies - 1 - copy);
        const origin = setting(layout, slots);
        const taken = drawRound(layout, copies, steps, random);
        const before = structuredClone(taken);
        const left = random.integer(copies);
        const chunks = roundChunks(round, origin).map((open) => decodeChunk(sealChunk(open), origin.layout));
        for (const [copy, chunk] of chunks.entries()) {
          expect(chunk).toMatchObject({ writer: 'w', sequence: copy, slot: slots[copy], weightsVersion: 5 });
          if (copy !== left) takeRoundChunk(chunk, taken, copy);
        }
        const width = round.observations.length / (copies * steps);
        for (let place = 0; place < copies * steps; place++) {
          const expected = place % copies === left ? before : round;
          for (const name of ['actions', 'rewards', 'ends', 'nextValues'] as const) {
            expect(taken[name][place]).toBe(expected[name][place]);
          }
          const state = ({ observations }: Round) => observations.slice(place * width, (place + 1) * width);
          expect(state(taken)).toEqual(state(expected));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are refused where they are no part of such a round, and then nothing is written', () => {
    const layout = layouts[0];
    const origin = setting(layout, [0]);
    const chunkOf = (change: (round: Round) => void, steps = 4) => {
      const round = makeRound(layout, 1, steps);
      change(round);
      return decodeChunk(sealChunk(roundChunks(round, origin)[0]), origin.layout);
    };
    const round = makeRound(layout, 2, 4);
    const take = (change: (round: Round) => void, steps?: number) => () =>
      takeRoundChunk(chunkOf(change, steps), round, 1);
    expect(take(() => undefined, 3)).toThrow('A slot’s part of a round has 4 steps, not 3.');
    expect(take(({ ends }) => ends.fill(4))).toThrow('The end of a step is 0 to 3, not 4 (slot 0).');
    expect(take(({ ends }) => ends.set([0, 0, END.lost, 0]))).toThrow('Step 1 of a round goes on to a step');
    const notFinite = chunkOf(() => undefined);
    notFinite.columns!['nextValues'][2] = Number.NaN;
    expect(() => encodeChunk(notFinite, origin.layout)).toThrow('nextValues is NaN, not finite');
    expect(round).toEqual(makeRound(layout, 2, 4));
  });
});
