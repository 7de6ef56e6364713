import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  adam,
  compile,
  initialSlots,
  loadTensor,
  type Optimizer,
  type Runtime,
  radam,
  rmsprop,
  sgd,
} from '../src/index.ts';
import { noise } from './problem.ts';

/** What test/reference/optimizers.py found: two tensors after 200 steps of PyTorch in float64. */
const { cases } = JSON.parse(
  readFileSync(new URL('./reference/optimizers.json', import.meta.url), 'utf8'),
) as { cases: Record<string, [number[], number[]]> };

const OPTIMIZERS: Record<string, [Optimizer, number]> = {
  adam: [adam(), 0.02],
  'adam, betas and epsilon': [adam({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }), 0.02],
  adamw: [adam({ weightDecay: 0.1 }), 0.02],
  rmsprop: [rmsprop(), 0.003],
  'rmsprop, centered with momentum': [
    rmsprop({ decay: 0.95, epsilon: 1e-2, momentum: 0.9, centered: true }),
    0.002,
  ],
  'rmsprop, centered with epsilon inside': [
    rmsprop({ decay: 0.95, epsilon: 1e-2, centered: true, epsilonInsideRoot: true }),
    0.002,
  ],
  radam: [radam(), 0.02],
  'radam, betas and epsilon': [radam({ beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }), 0.02],
  sgd: [sgd(), 0.05],
  'sgd, momentum': [sgd({ momentum: 0.9 }), 0.02],
};

/** The uniform numbers of optimizers.py, in [−0.5, 0.5). */
function lcg(seed: number): (length: number) => Float32Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  return (length) => Float32Array.from({ length }, next);
}

describe('optimizers', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadTensor();
  });

  it('are all in the reference', () => {
    expect(Object.keys(OPTIMIZERS)).toEqual(Object.keys(cases));
  });

  describe.each([
    ['compiled', false],
    ['op by op', true],
  ])('%s', (_, eager) => {
    it.each(Object.entries(OPTIMIZERS))('%s follows PyTorch for 200 steps', (name, [optimizer, rate]) => {
      const { tf } = runtime;
      const draw = lcg(7);
      const parameters = new Map([
        ['a', { shape: [2, 3], data: draw(6) }],
        ['b', { shape: [4], data: draw(4) }],
      ]);
      const centres = [draw(6), draw(4)];
      const rateNames = Object.keys(optimizer.rates(1, rate));
      const step = compile(
        runtime,
        (state, { a, b, ...rates }) => {
          const gradient = (of: string, noise: typeof a, centre: Float32Array, shape: number[]) =>
            tf.add(tf.mul(tf.sub(state[of]!, tf.tensor(centre, shape)), 2), tf.mul(noise!, 0.2));
          const gradients = {
            a: gradient('a', a, centres[0]!, [2, 3]),
            b: gradient('b', b, centres[1]!, [4]),
          };
          return { state: optimizer.apply(tf, state, gradients, rates) };
        },
        {
          state: new Map([...parameters, ...initialSlots(optimizer, parameters)]),
          inputs: {
            a: { shape: [2, 3] },
            b: { shape: [4] },
            ...Object.fromEntries(rateNames.map((each) => [each, { shape: [] }])),
          },
          eager,
        },
      );
      for (let t = 1; t <= 200; t++) step.run({ a: draw(6), b: draw(4), ...optimizer.rates(t, rate) });
      const expected = cases[name]!;
      for (const [i, parameter] of ['a', 'b'].entries()) {
        const { data } = step.state([parameter]).get(parameter)!;
        expect(data.length).toBe(expected[i]!.length);
        data.forEach((each, j) => {
          expect(Math.abs(each - expected[i]![j]!)).toBeLessThan(1e-6);
        });
      }
      step.dispose();
    });
  });

  it('start with slots of zeros, a name for each parameter', () => {
    const parameters = new Map([['w', { shape: [2], data: Float32Array.from({ length: 2 }, noise(1)) }]]);
    const slots = initialSlots(adam(), parameters);
    expect([...slots]).toEqual([
      ['adam/m/w', { shape: [2], data: new Float32Array(2) }],
      ['adam/v/w', { shape: [2], data: new Float32Array(2) }],
    ]);
    expect(initialSlots(sgd(), parameters).size).toBe(0);
  });
});
