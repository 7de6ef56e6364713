import type { Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, loadTensor, type Runtime, type StepFunction } from '../src/index.ts';
import { hasLibrary } from './native.ts';

type Shape = readonly number[];
type Op = (...inputs: Tensor[]) => Tensor;

const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers in (−1, 1) that look like chance. */
const numbers = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 1.7 + seed * 0.9 + i * i * 0.31));

/** Numbers that differ by 2 at least, in no order. */
const apart = (size: number) => {
  const draws = numbers(size, 7);
  const order = Array.from(draws.keys()).sort((a, b) => draws[a]! - draws[b]!);
  const values = new Float32Array(size);
  for (const [rank, i] of order.entries()) values[i] = 2 * (rank - size / 2);
  return values;
};

describe.skipIf(!hasLibrary)('gradients of indices, sums of products and batches', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadTensor({ force: 'cpu' });
  });

  /**
   * The gradient of sum(weights · op(inputs)), eager and compiled, along a direction, against the central difference. `op`
   * is linear in each input there, so the difference is exact however far it reaches.
   */
  const expectGradient = (op: Op, shapes: readonly Shape[], draw = numbers) => {
    const { tf } = runtime;
    const loss = (...inputs: Tensor[]) => {
      const value = op(...inputs);
      return tf.sum(tf.mul(value, tf.tensor(numbers(value.size, 3), value.shape)));
    };
    const step: StepFunction = (_, given) => {
      const inputs = shapes.map((_, i) => given[`x${i}`]!);
      const grads = tf.grads(loss)(inputs);
      return {
        outputs: { loss: loss(...inputs), ...Object.fromEntries(grads.map((each, i) => [`d${i}`, each])) },
      };
    };
    const values = shapes.map((shape, i) => draw(sizeOf(shape), i));
    const directions = shapes.map((shape, i) => numbers(sizeOf(shape), 11 + i));
    for (const eager of [true, false]) {
      const inputs = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, { shape }]));
      const compiled = compile(runtime, step, { state: new Map(), inputs, eager });
      const at = (by: number) =>
        compiled.run(
          Object.fromEntries(
            values.map((x, i) => [`x${i}`, x.map((each, j) => each + by * directions[i]![j]!)]),
          ),
        );
      const gradients = at(0);
      const along = directions.reduce(
        (sum, direction, i) =>
          sum + Array.from(gradients[`d${i}`]!).reduce((s, each, j) => s + each * direction[j]!, 0),
        0,
      );
      const difference = at(0.5)['loss']![0]! - at(-0.5)['loss']![0]!;
      const scale = 1 + Math.max(...values.flatMap((each) => [...each].map(Math.abs)));
      expect(Math.abs(along - difference), `${along} and ${difference}, eager: ${eager}`).toBeLessThan(
        1e-3 * scale,
      );
      compiled.dispose();
    }
  };

  const size = fc.integer({ min: 1, max: 3 });
  const sizes = (maxLength: number) => fc.array(size, { maxLength });

  it('gather with batch dimensions', () => {
    const { tf } = runtime;
    const cases = fc.record({ batch: sizes(2), outer: sizes(1), n: size, inner: sizes(2), picks: sizes(2) });
    fc.assert(
      fc.property(cases, ({ batch, outer, n, inner, picks }) => {
        const shape = [...batch, ...picks];
        const indices = Int32Array.from({ length: sizeOf(shape) }, (_, i) => (i * 7 + 2) % n);
        const axis = batch.length + outer.length;
        expectGradient(
          (x) => tf.gather(x, tf.tensor(indices, shape, 'int32') as never, axis, batch.length),
          [[...batch, ...outer, n, ...inner]],
        );
      }),
      { numRuns: 15 },
    );
  });

  it('gatherND, scatterND and tensorScatterUpdate', () => {
    const { tf } = runtime;
    const cases = fc.record({
      places: fc.array(size, { minLength: 1, maxLength: 2 }),
      rows: sizes(1),
      picks: size,
    });
    fc.assert(
      fc.property(cases, ({ places, rows, picks }) => {
        const shape = [...places, ...rows];
        const at = (spread: boolean, count: number) =>
          tf.tensor2d(
            Array.from({ length: count }, (_, i) => {
              let left = spread ? i : (i * 5 + 1) % sizeOf(places);
              return places
                .toReversed()
                .map((each) => {
                  const digit = left % each;
                  left = Math.floor(left / each);
                  return digit;
                })
                .reverse();
            }),
            [count, places.length],
            'int32',
          );
        // Some places twice.
        expectGradient((x) => tf.gatherND(x, at(false, picks)), [shape]);
        expectGradient((x) => tf.scatterND(at(false, picks), x, shape as number[]), [[picks, ...rows]]);
        const once = Math.min(picks, sizeOf(places));
        expectGradient((x, y) => tf.tensorScatterUpdate(x, at(true, once), y), [shape, [once, ...rows]]);
      }),
      { numRuns: 10 },
    );
  });

  it("top-k's values", () => {
    const { tf } = runtime;
    const cases = fc.record({ rows: sizes(2), n: fc.integer({ min: 1, max: 6 }), k: fc.nat({ max: 5 }) });
    fc.assert(
      fc.property(cases, ({ rows, n, k }) => {
        expectGradient((x) => tf.topk(x, 1 + (k % n)).values, [[...rows, n]], apart);
      }),
      { numRuns: 10 },
    );
  });

  it('batches of matrices that are broadcast', () => {
    const { tf } = runtime;
    const cases = fc.record({
      batch: sizes(2),
      ones: fc.array(fc.constantFrom('a', 'b', 'neither'), { minLength: 2, maxLength: 2 }),
      shorter: fc.constantFrom('a', 'b', 'neither'),
      matrix: fc.tuple(size, size, size),
      transposed: fc.tuple(fc.boolean(), fc.boolean()),
    });
    fc.assert(
      fc.property(cases, ({ batch, ones, shorter, matrix: [m, k, n], transposed: [ta, tb] }) => {
        const of = (which: string) => {
          const own = batch.map((each, i) => (ones[i] === which ? 1 : each));
          return shorter === which ? own.slice(1) : own;
        };
        expectGradient(
          (a, b) => tf.matMul(a, b, ta, tb),
          [
            [...of('a'), ...(ta ? [k, m] : [m, k])],
            [...of('b'), ...(tb ? [n, k] : [k, n])],
          ],
        );
      }),
      { numRuns: 15 },
    );
  });

  const einsum = (equation: string, ...shapes: Shape[]) =>
    expectGradient((...inputs) => runtime.tf.einsum(equation, ...inputs), shapes);

  it('einsum of any labels', () => {
    const lengths: Readonly<Record<string, number>> = { a: 2, b: 3, c: 1, d: 4 };
    const labels = fc.shuffledSubarray(Object.keys(lengths), { minLength: 1, maxLength: 3 });
    const cases = fc.tuple(
      labels,
      fc.option(labels),
      fc.array(fc.nat({ max: 99 }), { minLength: 4, maxLength: 4 }),
    );
    fc.assert(
      fc.property(cases, ([left, right, draws]) => {
        const all = [...new Set([...left, ...(right ?? [])])];
        const output = all
          .filter((_, i) => draws[i]! % 3 > 0)
          .sort((x, y) => draws[all.indexOf(x)]! - draws[all.indexOf(y)]!);
        const inputs = right === null ? [left] : [left, right];
        einsum(
          `${inputs.map((each) => each.join('')).join(',')}->${output.join('')}`,
          ...inputs.map((each) => each.map((label) => lengths[label]!)),
        );
      }),
      { numRuns: 15 },
    );
  });

  it.each<[string, ...Shape[]]>([
    ['bhqd,bhkd->bhqk', [2, 3, 4, 2], [2, 3, 5, 2]],
    ['...ij,...jk->...ik', [2, 3, 4], [5, 1, 4, 2]],
    ['i...,...->i...', [2, 3], [1]],
    ['...i->i...', [2, 1, 3]],
    ['ii->i', [3, 3]],
    ['iij,j->i', [2, 2, 3], [3]],
    ['ii->', [3, 3]],
    ['i,i->', [3], [3]],
    ['i->ii', [3]],
  ])('einsum %s', (equation, ...shapes) => einsum(equation, ...shapes));
});
