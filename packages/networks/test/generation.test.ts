import { fileURLToPath } from 'node:url';
import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecoderKernel, Generation, GREEDY, loadModel, type Sampling } from '../src/index.ts';

const { shape, tensors } = loadModel(
  fileURLToPath(new URL('./reference/language/stored/llama', import.meta.url)),
);

const kernelOf = (slots: number) => new DecoderKernel(shape, tensors, slots);

/** A prompt's tokens, generated alone. */
function alone(prompt: readonly number[], count: number, sampling: Sampling, seed: number): number[] {
  const generation = new Generation(kernelOf(1));
  generation.join(prompt, { sampling, random: new Random(seed) });
  return Array.from({ length: count }, () => generation.step()[0].token);
}

describe('Generation', () => {
  it('gives each text what it gives it alone, whoever joins and leaves beside it', () => {
    const token = fc.nat({ max: shape.vocabulary - 1 });
    const text = fc.record({
      prompt: fc.array(token, { minLength: 1, maxLength: 20 }),
      joins: fc.nat({ max: 6 }),
      count: fc.integer({ min: 1, max: 15 }),
      temperature: fc.constantFrom(0, 1),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (texts) => {
        const generation = new Generation(kernelOf(texts.length));
        const found: number[][] = texts.map(() => []);
        const inSlot = new Map<number, number>();
        for (let time = 0; time < 22; time++) {
          for (const [i, { prompt, joins, temperature, seed }] of texts.entries()) {
            if (joins === time)
              inSlot.set(generation.join(prompt, { sampling: { temperature }, random: new Random(seed) }), i);
          }
          for (const { slot, token: given } of generation.step()) {
            const i = inSlot.get(slot)!;
            found[i].push(given);
            if (found[i].length < texts[i].count) continue;
            generation.leave(slot);
            inSlot.delete(slot);
          }
        }
        expect(found).toEqual(
          texts.map(({ prompt, count, temperature, seed }) => alone(prompt, count, { temperature }, seed)),
        );
      }),
      { numRuns: 10 },
    );
  });

  it('goes on after tokens that are added, as after the whole text', () => {
    const generation = new Generation(kernelOf(1));
    const slot = generation.join([3, 1, 4], { sampling: GREEDY });
    const first = [generation.step()[0].token, generation.step()[0].token];
    generation.append(slot, [9, 2]);
    expect(generation.step()[0].token).toBe(alone([3, 1, 4, ...first, 9, 2], 1, GREEDY, 0)[0]);
  });

  it('refuses an empty prompt, one that is longer than the context, and more texts than slots', () => {
    const generation = new Generation(kernelOf(1));
    const options = { sampling: GREEDY };
    expect(() => generation.join([], options)).toThrow('has to begin with one token');
    expect(() => generation.join(Array(41).fill(1), options)).toThrow(
      "The text has 41 tokens, and the model's context is 40.",
    );
    generation.join(Array(40).fill(1), options);
    expect(() => generation.join([1], options)).toThrow('All 1 slots are taken.');
    expect(generation.step()).toHaveLength(1);
    expect(() => generation.step()).toThrow('The text has 41 tokens');
  });
});
