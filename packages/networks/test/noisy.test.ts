import type { NetworkConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import type { StateSpec } from '@qfleet/spaces';
import { loadTensor, type NamedTensors, randomNormal } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  createInference,
  createNetwork,
  implicitQuantilesHead,
  initialParameters,
  valuesHead,
} from '../src/index.ts';
import { PLAIN } from './plain.ts';

const spec: StateSpec = { shape: [4], dtype: 'float32', frames: 1, actions: 3 };
const plainConfig: NetworkConfig = { kind: 'mlp', hidden: [6, 5], dueling: true, ...PLAIN };
const plain = createNetwork(plainConfig, spec, valuesHead);
const noisy = createNetwork({ ...plainConfig, noisy: { sigma: 0.5 } }, spec, valuesHead);
const tensors = initialParameters(noisy.parameters, new Random(1));
const layers = ['hidden0', 'value/hidden', 'value/output', 'advantage/hidden', 'advantage/output'];
const valuesOf = (_tf: unknown, out: Record<string, Tensor>) => out['values'];
const meansOf = (all: NamedTensors) => new Map([...all].filter(([name]) => !name.endsWith('/sigma')));

describe('a noisy network', () => {
  it('has a deviation for each weight of its dense layers, σ₀/√inputs at first, beside the means', () => {
    const sigmas = noisy.parameters.slice(plain.parameters.length);
    expect(noisy.parameters.slice(0, plain.parameters.length)).toMatchObject(
      plain.parameters.map(({ name, shape }) => ({ name, shape })),
    );
    expect(sigmas.map(({ name }) => name).sort()).toEqual(
      layers.flatMap((name) => [`${name}/bias/sigma`, `${name}/kernel/sigma`]).sort(),
    );
    expect([...new Set(tensors.get('hidden0/kernel/sigma')!.data)]).toEqual([0.25]);
    expect(tensors.get('value/hidden/bias/sigma')!.data[0]).toBeCloseTo(0.5 / Math.sqrt(6), 6);
  });

  it('leaves convolutions as they are', () => {
    const cnn = createNetwork(
      { kind: 'nature-cnn', hidden: [8], dueling: false, ...PLAIN, noisy: { sigma: 0.5 } },
      { ...spec, shape: [36, 36, 1] },
      valuesHead,
    );
    const sigmas = cnn.parameters.filter(({ name }) => name.endsWith('/sigma'));
    expect(sigmas.map(({ name }) => name)).toEqual([
      'hidden0/kernel/sigma',
      'hidden0/bias/sigma',
      'output/kernel/sigma',
      'output/bias/sigma',
    ]);
  });

  it('leaves the embedding of quantile levels as it is, and the statistics of observations', () => {
    const head = implicitQuantilesHead(4, 8);
    const { parameters } = createNetwork(
      { kind: 'mlp', hidden: [6, 5], dueling: false, ...PLAIN, noisy: { sigma: 0.5 } },
      { ...spec, normalized: true },
      head,
    );
    const sigmas = parameters.map(({ name }) => name).filter((name) => name.endsWith('/sigma'));
    expect(sigmas).toEqual(
      ['hidden0', 'hidden', 'output'].flatMap((name) => [`${name}/kernel/sigma`, `${name}/bias/sigma`]),
    );
  });

  it('computes with μ + σ ⊙ f(εᵢ)·f(εⱼ), and its gradients are those of such weights', async () => {
    const { tf } = await loadTensor();
    tf.tidy(() => {
      const of = (all: NamedTensors) =>
        Object.fromEntries([...all].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
      const given = of(tensors);
      const seed = tf.tensor1d([3, 4], 'int32');
      const states = tf.tensor([0.3, -1, 0.7, 2, 1, 0.1, -0.4, 0.5], [2, 4]);
      // The noise by the paper's definition, of the same draws.
      const total = layers.reduce((sum, name) => {
        const [inputs, outputs] = tensors.get(`${name}/kernel`)!.shape;
        return sum + inputs + outputs;
      }, 0);
      const draws = randomNormal(tf, [total], seed).dataSync();
      const f = (x: number) => Math.sign(x) * Math.sqrt(Math.abs(x));
      const noise = new Map<string, number[]>();
      let at = 0;
      for (const { name, shape } of noisy.parameters) {
        if (!name.endsWith('/kernel')) continue;
        const [inputs, outputs] = shape;
        const into = [...draws.slice(at, at + inputs)].map(f);
        const out = [...draws.slice(at + inputs, at + inputs + outputs)].map(f);
        at += inputs + outputs;
        noise.set(
          name,
          into.flatMap((x) => out.map((y) => x * y)),
        );
        noise.set(name.replace('/kernel', '/bias'), out);
      }
      const materialised = of(
        new Map(
          plain.parameters.map(({ name, shape }) => {
            const sigma = tensors.get(`${name}/sigma`)!.data;
            const data = tensors.get(name)!.data.map((mu, i) => mu + sigma[i] * noise.get(name)![i]);
            return [name, { shape, data }];
          }),
        ),
      );
      const gradientsOf = (network: typeof noisy, parameters: Record<string, Tensor>, seeded: boolean) => {
        const names = network.parameters.map(({ name }) => name);
        const { value, grads } = tf.valueAndGrads((...all: Tensor[]) => {
          const named = Object.fromEntries(names.map((name, i) => [name, all[i]]));
          const { out } = network.forward(tf, named, { states, ...(seeded ? { noise: seed } : {}) });
          return tf.mean(tf.square(out['values']));
        })(names.map((name) => parameters[name]));
        const gradients = new Map(names.map((name, i) => [name, [...grads[i].dataSync()]]));
        return { loss: value.dataSync()[0], gradients };
      };
      const ours = gradientsOf(noisy, given, true);
      const expected = gradientsOf(plain, materialised, false);
      expect(ours.loss).toBeCloseTo(expected.loss, 5);
      for (const [name, gradient] of expected.gradients) {
        for (const [i, each] of gradient.entries()) {
          expect(ours.gradients.get(name)![i]).toBeCloseTo(each, 5);
          expect(ours.gradients.get(`${name}/sigma`)![i]).toBeCloseTo(each * noise.get(name)![i], 5);
        }
      }
      // Another seed is other noise, and none is the mean.
      const lossAt = (noiseSeed?: Tensor) =>
        noisy
          .forward(tf, given, { states, ...(noiseSeed ? { noise: noiseSeed } : {}) })
          .out['values'].dataSync();
      expect(lossAt(tf.tensor1d([3, 5], 'int32'))).not.toEqual(lossAt(seed));
      expect(lossAt(seed)).toEqual(lossAt(seed));
      expect(lossAt()).toEqual(plain.forward(tf, of(meansOf(tensors)), { states }).out['values'].dataSync());
    });
  });

  it('has actors’ weights of mean μ and variance σ²·(2/π), or of a bias σ²·√(2/π)', () => {
    const random = new Random(2);
    const n = 4000;
    const moments = ['hidden0/kernel', 'hidden0/bias'].map((name) => {
      const mu = tensors.get(name)!.data[5];
      return { name, mu, sigma: tensors.get(`${name}/sigma`)!.data[5], sum: 0, squares: 0 };
    });
    for (let i = 0; i < n; i++) {
      const drawn = noisy.disturbed!(tensors, random);
      for (const each of moments) {
        const deviation = (drawn.get(each.name)!.data[5] - each.mu) / each.sigma;
        each.sum += deviation;
        each.squares += deviation ** 2;
      }
    }
    // E f(x)² = E|x| = √(2/π) = 0.798; E|x|²=1, so the deviations of the means of squares are below √(1/n).
    for (const [i, expected] of [2 / Math.PI, Math.sqrt(2 / Math.PI)].entries()) {
      expect(Math.abs(moments[i].sum / n)).toBeLessThan(4 * Math.sqrt(expected / n));
      expect(Math.abs(moments[i].squares / n - expected)).toBeLessThan(4 * Math.sqrt(1 / n));
    }
  });

  it.each([
    ['on the kernel of dense layers', noisy],
    [
      'on tfjs',
      createNetwork(
        { kind: 'nature-cnn', hidden: [8], dueling: false, ...PLAIN, noisy: { sigma: 0.5 } },
        { ...spec, shape: [36, 36, 1] },
        valuesHead,
      ),
    ],
  ] as const)('%s plays with noise anew at each call, or with its means', async (_, network) => {
    await loadTensor();
    const start = initialParameters(network.parameters, new Random(1));
    const size = network.spec.shape.reduce((product, n) => product * n, 1);
    const states = Float32Array.from({ length: 2 * size }, (__, i) => Math.sin(i));
    const [explores, means] = await Promise.all(
      [true, false].map((each) => createInference(network, valuesOf, each)),
    );
    for (const each of [explores, means]) each.load(start);
    const run = (inference: typeof means, random?: Random) => {
      const values = new Float32Array(6);
      inference.run({ count: 2, states, ...(random ? { random } : {}) }, values);
      return values;
    };
    const random = new Random(7);
    const [first, second] = [run(explores, random), run(explores, random)];
    expect(second).not.toEqual(first);
    const again = new Random(7);
    expect([run(explores, again), run(explores, again)]).toEqual([first, second]);
    expect(run(means, random)).toEqual(run(means));
    expect(run(means)).not.toEqual(first);
    expect(() => run(explores)).toThrow(/noisy: give it what noise is drawn from/);
  });
});
