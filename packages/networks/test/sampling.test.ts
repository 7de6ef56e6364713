import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseToken, GREEDY, steeredTokens } from '../src/index.ts';

const logits = fc
  .float32Array({ minLength: 1, maxLength: 12, min: -20, max: 20, noNaN: true })
  .map((values) => Float32Array.from(values));

/** How often each token is chosen, of uniform numbers that lie evenly in [0, 1). */
function frequencies(values: Float32Array, sampling: Parameters<typeof chooseToken>[1], legal?: Uint8Array) {
  const draws = 20_000;
  const counts = new Float64Array(values.length);
  for (let i = 0; i < draws; i++)
    counts[chooseToken(values, sampling, (i + 0.5) / draws, legal)] += 1 / draws;
  return [...counts];
}

/** softmax(logits / temperature) of those of `kept`, and 0 for others. */
function softmax(values: Float32Array, temperature: number, kept: readonly number[]): number[] {
  const weights = [...values].map((value, i) => (kept.includes(i) ? Math.exp(value / temperature) : 0));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.map((each) => each / total);
}

function expectFrequencies(found: readonly number[], expected: readonly number[]): void {
  for (const [i, each] of found.entries()) expect(each).toBeCloseTo(expected[i], 3);
}

describe('chooseToken', () => {
  const values = Float32Array.of(1, 3, 2, 3, -1);

  it('takes the likeliest at temperature 0, the lowest of equal ones', () => {
    expect(chooseToken(values, GREEDY, 0.999)).toBe(1);
    expect(chooseToken(values, GREEDY, 0, Uint8Array.of(1, 0, 1, 0, 1))).toBe(2);
  });

  it('draws by softmax of the logits over the temperature', () => {
    const all = [0, 1, 2, 3, 4];
    expectFrequencies(frequencies(values, { temperature: 0.7 }), softmax(values, 0.7, all));
    expectFrequencies(frequencies(values, { temperature: 2 }), softmax(values, 2, all));
  });

  it('draws of the k likeliest, of the fewest that make up p, and of both', () => {
    expectFrequencies(frequencies(values, { temperature: 1, topK: 3 }), softmax(values, 1, [1, 2, 3]));
    // Probabilities: 0.400, 0.400, 0.147, 0.054, 0.007.
    expectFrequencies(frequencies(values, { temperature: 1, topP: 0.79 }), softmax(values, 1, [1, 3]));
    expectFrequencies(frequencies(values, { temperature: 1, topP: 0.81 }), softmax(values, 1, [1, 2, 3]));
    expectFrequencies(frequencies(values, { temperature: 1, topK: 2, topP: 0.4 }), softmax(values, 1, [1]));
  });

  it('keeps tokens among the k likeliest whose probability is next to nothing', () => {
    const unlikely = Float32Array.of(0, -1, 0, 20);
    expect(chooseToken(unlikely, { temperature: 0.1, topK: 3 }, 0)).toBe(0);
  });

  it('draws of legal tokens alone, as if there were no others', () => {
    fc.assert(
      fc.property(
        logits,
        fc.infiniteStream(fc.boolean()),
        fc.double({ min: 0.1, max: 3, noNaN: true }),
        (given, marks, temperature) => {
          const legal = Uint8Array.from(given, () => Number(marks.next().value));
          legal[0] = 1;
          const kept = [...legal.keys()].filter((i) => legal[i] === 1);
          const alone = Float32Array.from(kept, (i) => given[i]);
          for (const sampling of [{ temperature }, { temperature, topK: 3 }, { temperature, topP: 0.6 }]) {
            for (const uniform of [0, 0.3, 0.99]) {
              const token = chooseToken(given, sampling, uniform, legal);
              expect(token).toBe(kept[chooseToken(alone, sampling, uniform)]);
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('refuses where no token is legal', () => {
    expect(() => chooseToken(values, GREEDY, 0, new Uint8Array(5))).toThrow('no legal token');
  });
});

describe('steeredTokens', () => {
  it('draws by the language model times the exponential of the lesser value, among legal tokens', () => {
    const values = {
      q1: Float32Array.of(1, 0, 2, 9),
      q2: Float32Array.of(0.5, 1, 3, 9),
      v: Float32Array.of(7),
    };
    const outputs = { logits: Float32Array.of(1, 3, 2, 1), values };
    const random = new Random(0);
    const select = steeredTokens({ beta: 2, q: ['q1', 'q2'], sampling: { temperature: 1 } }, random);
    const counts = new Float64Array(4);
    for (let i = 0; i < 20_000; i++) counts[select(outputs, Uint8Array.of(1, 1, 1, 0))] += 1 / 20_000;
    const expected = softmax(Float32Array.of(1 + 2 * 0.5, 3 + 2 * 0, 2 + 2 * 2, 0), 1, [0, 1, 2]);
    for (const [i, each] of expected.entries()) expect(counts[i]).toBeCloseTo(each, 1);
    expect(counts[3]).toBe(0);
    const greedy = steeredTokens({ beta: 2, q: ['q1', 'q2'], sampling: GREEDY }, random);
    expect(greedy(outputs)).toBe(3);
  });
});
