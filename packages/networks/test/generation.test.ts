import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '@qfleet/random';
import { loadWasm } from '@qfleet/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DecoderKernel,
  evaluateRows,
  Generation,
  greedyTokens,
  initialParameters,
  languageNetwork,
  loadModel,
  type Sampling,
  sampledTokens,
  type TokenHead,
  type TokenOutputs,
  type TokenSelector,
} from '../src/index.ts';
import { workerThreads } from '../src/inference/language/worker-threads.ts';
import { Dense } from '../src/layers/dense.ts';

const { shape, tensors } = loadModel(
  fileURLToPath(new URL('./reference/language/stored/llama', import.meta.url)),
);

const kernelOf = (slots: number) => new DecoderKernel(shape, tensors, slots);

/** A prompt's tokens, generated alone. */
function alone(prompt: readonly number[], count: number, sampling: Sampling, seed: number): number[] {
  const generation = new Generation(kernelOf(1));
  generation.join(prompt, { select: sampledTokens(sampling, new Random(seed)) });
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
        for (let time = 0; time < 30; time++) {
          for (const [i, { prompt, joins, temperature, seed }] of texts.entries()) {
            if (joins === time)
              inSlot.set(
                generation.join(prompt, { select: sampledTokens({ temperature }, new Random(seed)) }),
                i,
              );
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

  it('gives the same on several threads, to the bit', async () => {
    const wide = { ...shape, ...{ width: 192, headSize: 32, inner: 512, vocabulary: 1000, context: 100 } };
    const drawn = initialParameters(languageNetwork(wide).parameters, new Random(3));
    const logitsOf = (decoder: DecoderKernel): Float32Array[] => {
      const generation = new Generation(decoder);
      const found: Float32Array[] = [];
      const select: TokenSelector = (outputs) => {
        found.push(outputs.logits.slice());
        return greedyTokens(outputs);
      };
      for (let text = 0; text < 12; text++) {
        const prompt = Array.from({ length: 1 + 7 * text }, (_, i) => (i * 31 + text) % wide.vocabulary);
        generation.join(prompt, { select });
      }
      for (let i = 0; i < 5; i++) generation.step();
      return found;
    };
    const expected = logitsOf(new DecoderKernel(wide, drawn, 12));
    const threaded = new DecoderKernel(wide, drawn, 12, [], workerThreads(3));
    // The threads take part as soon as they have begun.
    await setTimeout(300);
    expect(logitsOf(threaded)).toEqual(expected);
    threaded.dispose();
  });

  it('goes on after tokens that are added, as after the whole text', () => {
    const generation = new Generation(kernelOf(1));
    const slot = generation.join([3, 1, 4], { select: greedyTokens });
    const first = [generation.step()[0].token, generation.step()[0].token];
    generation.append(slot, [9, 2]);
    expect(generation.step()[0].token).toBe(alone([3, 1, 4, ...first, 9, 2], 1, { temperature: 0 }, 0)[0]);
  });

  it('refuses an empty prompt, one that is longer than the context, and more texts than slots', () => {
    const generation = new Generation(kernelOf(1));
    const options = { select: greedyTokens };
    expect(() => generation.join([], options)).toThrow('has to begin with one token');
    expect(() => generation.join(Array(41).fill(1), options)).toThrow(
      "The text has 41 tokens, and the model's context is 40.",
    );
    generation.join(Array(40).fill(1), options);
    expect(() => generation.join([1], options)).toThrow('All 1 slots are taken.');
    expect(generation.step()).toHaveLength(1);
    expect(() => generation.step()).toThrow('The text has 41 tokens');
    expect(() => generation.append(1, [1])).toThrow('There is no text in slot 1.');
  });

  it('lets some texts wait while others go on', () => {
    const generation = new Generation(kernelOf(2));
    const prompts = [
      [3, 1, 4],
      [1, 5],
    ];
    for (const prompt of prompts) generation.join(prompt, { select: greedyTokens });
    const found: number[][] = [[], []];
    for (const slots of [[1], [0, 1], [1], [0], [1, 0]])
      for (const { slot, token } of generation.step(slots)) found[slot].push(token);
    expect(found).toEqual(prompts.map((prompt, i) => alone(prompt, found[i].length, { temperature: 0 }, 0)));
  });

  it('asks neither decoder nor selector for a token without an alternative, and goes on after several', () => {
    const generation = new Generation(kernelOf(1));
    let asked = 0;
    let forced: number | null = 7;
    const legal = () => {
      const mask = new Uint8Array(shape.vocabulary);
      return forced === null ? mask.fill(1) : mask.fill(1, forced, forced + 1);
    };
    const select: TokenSelector = (...given) => {
      asked++;
      return greedyTokens(...given);
    };
    const slot = generation.join([3, 1], { select, legal });
    expect(generation.step()).toEqual([{ slot, token: 7 }]);
    forced = 2;
    expect(generation.step()).toEqual([{ slot, token: 2 }]);
    expect(asked).toBe(0);
    forced = null;
    expect(generation.step()[0].token).toBe(alone([3, 1, 7, 2], 1, { temperature: 0 }, 0)[0]);
    forced = shape.vocabulary;
    expect(() => generation.step()).toThrow('No token may follow the text in slot 0');
  });

  it('makes its caches anew of other parameters, and refuses parameters of other shapes', () => {
    const others = initialParameters(languageNetwork(shape).parameters, new Random(1));
    const generation = new Generation(kernelOf(2));
    const slots = [[3, 1, 4], [1]].map((prompt) => generation.join(prompt, { select: greedyTokens }));
    const texts = [[3, 1, 4], [1]];
    for (const { slot, token } of generation.step()) texts[slots.indexOf(slot)].push(token);
    generation.load(others);
    const fresh = new Generation(new DecoderKernel(shape, others, 2));
    for (const text of texts) fresh.join(text, { select: greedyTokens });
    for (let i = 0; i < 3; i++) expect(generation.step()).toEqual(fresh.step());
    expect(() => generation.load(new Map([...others].slice(1)))).toThrow('is missing');
    expect(generation.step()).toEqual(fresh.step());
  });

  it('computes heads of the newest token beside its logits', async () => {
    const q = mlpHead('q', [shape.width, 50, shape.vocabulary]);
    const v = mlpHead('v', [shape.width, 1]);
    const specs = [...languageNetwork(shape).parameters, ...q.parameters, ...v.parameters];
    const all = initialParameters(specs, new Random(2));
    let given: TokenOutputs | null = null;
    const generation = new Generation(new DecoderKernel(shape, all, 1, [q, v]));
    const select = (outputs: TokenOutputs) => {
      given = {
        logits: outputs.logits.slice(),
        values: Object.fromEntries(
          Object.entries(outputs.values).map(([name, each]) => [name, each.slice()]),
        ),
      };
      return 5;
    };
    generation.join([3, 1, 4], { select });
    generation.step();
    const own = new Map([...all].slice(0, languageNetwork(shape).parameters.length));
    const rows = { rows: 1, ids: Int32Array.of(3, 1, 4), mask: Int32Array.of(1, 1, 1) };
    const [out] = evaluateRows(await loadWasm(), languageNetwork(shape), own, rows, [2]);
    const features = out.features.subarray(2 * shape.width);
    const dense = (x: ArrayLike<number>, name: string) => {
      const {
        shape: [inputs, outputs],
        data,
      } = all.get(`${name}/kernel`)!;
      const bias = all.get(`${name}/bias`)!.data;
      return Array.from({ length: outputs }, (_, o) => {
        let sum = bias[o];
        for (let i = 0; i < inputs; i++) sum += x[i] * data[i * outputs + o];
        return sum;
      });
    };
    const hidden = dense(features, 'q0').map((x) => Math.max(0, x));
    const { values } = given!;
    for (const [i, expected] of dense(hidden, 'q1').entries())
      expect(values['q'][i]).toBeCloseTo(expected, 4);
    expect(values['v'][0]).toBeCloseTo(dense(features, 'v0')[0], 4);
  });
});

/** A head of dense layers of those sizes. */
function mlpHead(name: string, sizes: readonly number[]): TokenHead {
  const layers = sizes.slice(1).map((size, i) => new Dense(`${name}${i}`, sizes[i], size));
  return {
    name,
    parameters: layers.flatMap(({ parameters }) => parameters),
    layers: (tensors) => layers.map((layer) => layer.layer(tensors)),
  };
}
