import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRoundAgent, END, lambdaReturns, makeRound, type Round } from '../src/index.ts';
import { createPqnAgent } from '../src/pqn/agent.ts';
import { Minibatches, shuffle } from '../src/pqn/minibatches.ts';
import { checkGradients, checkReturns, checkRounds, type PqnReference } from './pqn-checks.ts';
import { pqnConfig } from './pqn-config.ts';

/** What reference/pqn/main.py printed for seed 0. */
const reference = JSON.parse(
  gunzipSync(readFileSync(new URL('./reference/pqn/pqn.json.gz', import.meta.url))).toString(),
) as PqnReference;

describe('PyTorch’s', () => {
  it('are the λ-returns', () => checkReturns(reference));
  it('are the gradients', () => checkGradients(reference));
  it('are 200 updates', () => checkRounds(reference));
});

/** A drawn round of float32 observations that name their places. */
function drawRound(layout: Layout, copies: number, steps: number, random: Random): Round {
  const round = makeRound(layout, copies, steps);
  const size = copies * steps;
  for (let i = 0; i < round.observations.length; i++) round.observations[i] = random.integer(200);
  for (let place = 0; place < size; place++) {
    round.actions[place] = random.integer(layout.actions);
    round.rewards[place] = random.normal();
    round.ends[place] = random.uniform() < 0.7 ? END.continues : random.integer(4);
    round.nextValues[place] = random.normal();
  }
  return round;
}

const box: Layout = { frames: 1, shape: [3], dtype: 'float32', actions: 2 };

describe('λ-returns', () => {
  it('follow the recursion, whatever ends where', () => {
    const given = fc.record({
      copies: fc.integer({ min: 1, max: 4 }),
      steps: fc.integer({ min: 1, max: 12 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
      discount: fc.double({ min: 0, max: 1, noNaN: true }),
      lambda: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(given, ({ copies, steps, seed, discount, lambda }) => {
        const round = drawRound(box, copies, steps, new Random(seed));
        const { rewards, ends, nextValues } = round;
        // A step that is followed by a lost one is the last of its episode.
        for (let place = 0; place < copies * (steps - 1); place++) {
          if (ends[place + copies] === END.lost && ends[place] === END.continues) ends[place] = END.truncated;
        }
        const out = new Float32Array(copies * steps);
        lambdaReturns(round, { discount, lambda, shaping: undefined }, out);
        const returnAt = (t: number, copy: number): number => {
          const place = t * copies + copy;
          const value = nextValues[place];
          if (ends[place] === END.lost) return 0;
          if (ends[place] === END.terminated) return rewards[place];
          if (ends[place] === END.truncated || t === steps - 1) return rewards[place] + discount * value;
          return rewards[place] + discount * (lambda * returnAt(t + 1, copy) + (1 - lambda) * value);
        };
        for (let t = 0; t < steps; t++) {
          for (let copy = 0; copy < copies; copy++) {
            expect(out[t * copies + copy]).toBeCloseTo(returnAt(t, copy), 4);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are of rewards that are clipped, then scaled', () => {
    const round = makeRound(box, 1, 2);
    round.rewards.set([5, -3]);
    round.nextValues.set([10, 4]);
    const out = new Float32Array(2);
    lambdaReturns(round, { discount: 0.5, lambda: 1, shaping: { largest: 2, scale: 0.1 } }, out);
    expect(out[1]).toBeCloseTo(-0.2 + 0.5 * 4, 6);
    expect(out[0]).toBeCloseTo(0.2 + 0.5 * out[1], 6);
  });

  it('do not look past an end, whatever number stands there', () => {
    const round = makeRound(box, 1, 3);
    round.rewards.set([1, 2, 3]);
    round.ends.set([END.continues, END.terminated, END.lost]);
    round.nextValues.set([7, Number.NaN, Number.NaN]);
    const out = new Float32Array(3);
    lambdaReturns(round, { discount: 0.9, lambda: 0.5, shaping: undefined }, out);
    expect([...out].map((x) => Number(x.toFixed(5)))).toEqual([1 + 0.9 * (0.5 * 2 + 0.5 * 7), 2, 0]);
  });
});

describe('minibatches', () => {
  it.each([
    ['float32', [3]],
    ['uint8', [4]],
    ['uint8', [3]],
    ['int32', []],
  ] as const)('hold each step of a round once, of %s %j', (dtype, shape) => {
    const layout: Layout = { frames: 1, shape, dtype, actions: 3 };
    const [copies, steps, rows, count] = [4, 6, 4, 2];
    const random = new Random(5);
    const round = drawRound(layout, copies, steps, random);
    const returns = Float32Array.from(round.rewards, (_, place) => place);
    const minibatches = new Minibatches(layout, rows, count, copies * steps);
    shuffle(minibatches.order, random);
    const width = round.observations.length / (copies * steps);
    const seen: number[] = [];
    for (let first = 0; first < 6; first += count) {
      for (const batch of minibatches.deal(round, returns, first)) {
        batch.returns.forEach((place, row) => {
          seen.push(place);
          expect(batch.actions[row]).toBe(round.actions[place]);
          expect(batch.weights[row]).toBe(round.ends[place] === END.lost ? 0 : 1);
          expect([...batch.observations.slice(row * width, (row + 1) * width)]).toEqual([
            ...round.observations.slice(place * width, (place + 1) * width),
          ]);
        });
      }
    }
    expect(seen).not.toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  it('come in every order equally often', () => {
    const counts = new Map<string, number>();
    const places = new Int32Array(3);
    const random = new Random(1);
    for (let i = 0; i < 6_000; i++) {
      shuffle(places, random);
      counts.set(`${places}`, (counts.get(`${places}`) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

describe('PQN', () => {
  const config = pqnConfig({
    ...{ copies: 4, steps: 8, minibatches: 4, epochs: 2, learningRateDecay: 0.1 },
    network: { kind: 'mlp', hidden: [16] },
  });
  const make = (eager = false) => createRoundAgent({ config, spec: box, seed: 3, totalUpdates: 100, eager });

  it('goes on from its state bit for bit', async () => {
    const [whole, first, second] = [await make(), await make(), await make()];
    const random = new Random(8);
    const rounds = Array.from({ length: 6 }, () => drawRound(box, 4, 8, random));
    for (const round of rounds) whole.update(round);
    for (const round of rounds.slice(0, 3)) first.update(round);
    second.restore(first.state());
    for (const round of rounds.slice(3)) second.update(round);
    expect(second.state()).toEqual(whole.state());
    for (const agent of [whole, first, second]) agent.dispose();
  });

  it('is the same compiled and op by op, to 1e-5', async () => {
    const agents = [await make(), await make(true)];
    const [compiled, eager] = agents.map((agent) => {
      const random = new Random(8);
      const stats = Array.from({ length: 4 }, () => agent.update(drawRound(box, 4, 8, random)));
      return { numbers: stats.flatMap(({ numbers }) => Object.values(numbers)), state: agent.state() };
    });
    for (const [i, x] of eager.numbers.entries()) expect(compiled.numbers[i]).toBeCloseTo(x, 5);
    for (const [name, { data }] of eager.state) {
      const found = compiled.state.get(name)!.data;
      for (let i = 0; i < data.length; i++) expect(found[i]).toBeCloseTo(data[i], 5);
    }
    for (const agent of agents) agent.dispose();
  });

  it('learns the same from minibatches in two parts, to 1e-5', async () => {
    const agents = [1, 2].map((cuts) =>
      createPqnAgent({ config, spec: box, seed: 3, totalUpdates: 100, cuts }),
    );
    const [whole, halves] = await Promise.all(agents);
    const random = new Random(8);
    const expectClose = (found: number, x: number) =>
      expect(Math.abs(found - x)).toBeLessThan(1e-5 * Math.max(1, Math.abs(x)));
    for (let i = 0; i < 4; i++) {
      const round = { ...drawRound(box, 4, 8, random), weight: 1.5 };
      const { numbers } = whole.update(round);
      const found = halves.update(round).numbers;
      expect(Object.keys(found)).toEqual(Object.keys(numbers));
      for (const [name, x] of Object.entries(numbers)) expectClose(found[name], x);
    }
    const learned = halves.state();
    for (const [name, { data }] of whole.state()) {
      for (let i = 0; i < data.length; i++) expectClose(learned.get(name)!.data[i], data[i]);
    }
    for (const agent of [whole, halves]) agent.dispose();
  });

  it('says in which update its numbers left the finite ones', async () => {
    const agent = await make();
    const round = drawRound(box, 4, 8, new Random(8));
    expect(agent.update(round).fault).toBeNull();
    round.nextValues.fill(Number.POSITIVE_INFINITY);
    round.ends.fill(END.truncated);
    expect(agent.update(round).fault).toMatchObject({ batch: 0 });
    agent.dispose();
  });

  it('refuses a round of another size', async () => {
    const agent = await make();
    expect(() => agent.update(makeRound(box, 4, 7))).toThrow('A round has 8 steps of 4 copies, not 7 of 4.');
    agent.dispose();
  });
});
