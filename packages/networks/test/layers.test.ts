import { readFileSync } from 'node:fs';
import { type NetworkConfig, runSchema } from '@qfleet/config';
import { elementsOf, type StateSpec } from '@qfleet/spaces';
import { compile, loadTensor, type NamedTensors, type Runtime } from '@qfleet/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { createInference, createNetwork, type Network, valuesHead } from '../src/index.ts';

/** What test/reference/layers.py found for a case. */
interface Reference {
  parameters: [name: string, shape: number[]][];
  input: number[];
  out: number[];
  gradients: Record<string, number[]>;
}

const { cases: references } = JSON.parse(
  readFileSync(new URL('./reference/layers.json', import.meta.url), 'utf8'),
) as { cases: Record<string, Reference> };

const numbers: StateSpec = { shape: [5], dtype: 'float32', frames: 1, actions: 3 };

/** The cases of layers.py, in our configuration's words. */
const CASES: Record<string, { network: Record<string, unknown>; spec: StateSpec }> = {
  'layer norm, mlp': { network: { kind: 'mlp', hidden: [7, 6], layerNorm: true }, spec: numbers },
  'layer norm, dueling': {
    network: { kind: 'mlp', hidden: [7, 6], dueling: true, layerNorm: true },
    spec: numbers,
  },
  'layer norm, nature-cnn': {
    network: { kind: 'nature-cnn', hidden: [8], layerNorm: true },
    spec: { ...numbers, shape: [36, 36, 2] },
  },
  impala: { network: { kind: 'impala', hidden: [8] }, spec: { ...numbers, shape: [20, 15, 2] } },
  'impala, wide, spectral, pooled': {
    network: { kind: 'impala', hidden: [8], width: 2, spectralNorm: true, pool: 6 },
    spec: { ...numbers, shape: [84, 70], dtype: 'float32' },
  },
};

const networkOf = ({ network, spec }: (typeof CASES)[string]): Network => {
  const { agent } = runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'dqn', network } });
  if (agent.kind !== 'dqn') throw new Error('not DQN');
  const config: NetworkConfig = agent.network;
  return createNetwork(config, spec, valuesHead);
};

/** The uniform numbers of layers.py, in [−0.5, 0.5). */
function lcg(seed: number): (length: number) => Float32Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  return (length) => Float32Array.from({ length }, next);
}

/** Parameters and input of a reference. */
function drawn({ parameters, input }: Reference): { tensors: NamedTensors; states: Float32Array } {
  const draw = lcg(5);
  const tensors = new Map(
    parameters.map(([name, shape]) => [name, { shape, data: draw(elementsOf(shape)) }] as const),
  );
  return { tensors, states: draw(elementsOf(input)).map((x) => 4 * x) };
}

/** The input's shape, in which a single channel may have no axis. */
const shapeOf = (spec: StateSpec, { input }: Reference) => [input[0], ...spec.shape];

/** As layers.py shortens a gradient. */
const digest = (values: Float32Array): number[] =>
  values.length <= 100 ? [...values] : [values.reduce((sum, x, i) => sum + x * Math.cos(i), 0)];

/** `size`: that of what the numbers were made from, against which rounding errors are measured. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[], what: string, size = 1): void {
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(size, ...expected.map(Math.abs));
  for (const [i, each] of expected.entries()) {
    expect(Math.abs(actual[i] - each), `${what} ${i}`).toBeLessThan(1e-5 * largest);
  }
}

describe.each(Object.entries(CASES))('%s', (name, given) => {
  const reference = references[name];
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadTensor();
  });

  it('has the parameters of the reference', () => {
    const own = networkOf(given).parameters.map(({ name: parameter, shape }) => [parameter, shape]);
    expect(own).toEqual(reference.parameters);
  });

  it.each([
    ['compiled', false],
    ['op by op', true],
  ])('has PyTorch’s values and gradients, %s', (_, eager) => {
    const { tf } = runtime;
    const network = networkOf(given);
    const names = network.parameters.map((each) => each.name);
    const { tensors, states } = drawn(reference);
    const step = compile(
      runtime,
      (state, inputs) => {
        const out = (...parameters: (typeof state)[string][]) => {
          const named = Object.fromEntries(names.map((each, i) => [each, parameters[i]]));
          return network.forward(tf, named, { states: inputs['states'] }).out['values'];
        };
        const parameters = names.map((each) => state[each]);
        const gradients = tf.grads((...all) => tf.mean(tf.square(out(...all))))(parameters);
        return {
          outputs: {
            out: out(...parameters),
            ...Object.fromEntries(names.map((each, i) => [`of ${each}`, gradients[i]])),
          },
        };
      },
      { state: tensors, inputs: { states: { shape: shapeOf(given.spec, reference) } }, eager },
    );
    const { out, ...gradients } = step.run({ states });
    expectClose(out, reference.out, 'value');
    for (const each of names) {
      const gradient = gradients[`of ${each}`] as Float32Array;
      // A long gradient's digest is a sum in which parts cancel, and their errors don't.
      const size = Math.max(1, Math.hypot(...gradient));
      expectClose(digest(gradient), reference.gradients[each], each, size);
    }
    step.dispose();
  });

  it('has PyTorch’s values as actors compute it', async () => {
    const { tensors, states } = drawn(reference);
    const inference = await createInference(networkOf(given), (_tf, out) => out['values']);
    inference.load(tensors);
    const values = new Float32Array(reference.out.length);
    inference.run({ states, count: reference.input[0] }, values);
    expectClose(values, reference.out, 'value');
  });
});

it('has a case for every reference', () => {
  expect(Object.keys(CASES)).toEqual(Object.keys(references));
});
