import { Random } from '@qfleet/random';
import { loadTensor, type NamedTensors, type Runtime } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DecoderKernel,
  initialParameters,
  languageNetwork,
  type TransformerShape,
  tokenValueHeads,
} from '../src/index.ts';

const SHAPE: TransformerShape = {
  ...{ causal: true, vocabulary: 13, width: 16, layers: 2, heads: 2, keyValueHeads: 2, headSize: 8 },
  ...{ inner: 32, context: 24, positions: { kind: 'rotary', theta: 10_000, size: 8, factor: 1 } },
  ...{
    tokenTypes: 0,
    norm: { kind: 'rms', epsilon: 1e-5 },
    residual: 'pre',
    activation: 'silu',
    gated: true,
  },
  ...{ biases: { qkv: false, attention: false, mlp: false }, scores: { scaled: true, byLayer: false } },
  head: { tied: true, bias: false, transform: false },
};
const VALUES = { names: ['q1', 'q2', 'v'], start: -4, torsoGradient: 1 } as const;

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadTensor();
});

/** Parameters of which none is 0. */
function drawn(specs: ReturnType<typeof languageNetwork>['parameters']): NamedTensors {
  const random = new Random(3);
  const tensors = initialParameters(specs, random);
  for (const { data } of tensors.values())
    for (let i = 0; i < data.length; i++) data[i] += 0.3 * random.normal();
  return tensors;
}

const tensorsOf = (named: NamedTensors): Record<string, Tensor> =>
  Object.fromEntries(
    [...named].map(([name, { shape, data }]) => [name, runtime.tf.tensor(data, [...shape])]),
  );

describe('heads that value tokens', () => {
  it('start equal everywhere', () => {
    const network = languageNetwork(SHAPE, VALUES);
    const tensors = initialParameters(network.parameters, new Random(0));
    const { tf } = runtime;
    const ids = tf.tensor2d([[1, 2, 3]], [1, 3], 'int32');
    const out = network.forward(tf, tensorsOf(tensors), {
      ids,
      positions: tf.tensor2d([[0, 1, 2]], [1, 3], 'int32'),
    });
    for (const name of VALUES.names) {
      const values = [...out[name]!.dataSync()];
      expect(values).toEqual(new Array(values.length).fill(-4));
    }
    expect(out['q1']!.shape).toEqual([3, 13]);
    expect(out['v']!.shape).toEqual([3, 1]);
  });

  it('give at gathered rows what they give there of all', () => {
    const network = languageNetwork(SHAPE, VALUES);
    const parameters = tensorsOf(drawn(network.parameters));
    const { tf } = runtime;
    const ids = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3], 'int32');
    const positions = tf.tensor2d([0, 1, 2, 0, 1, 2], [2, 3], 'int32');
    const picked = tf.tensor1d([4, 1, 1], 'int32') as Tensor1D;
    const all = network.forward(tf, parameters, { ids, positions });
    const some = network.forward(tf, parameters, { ids, positions, picked });
    for (const name of [...VALUES.names, 'logits']) {
      const expected = tf.gather(all[name] as Tensor2D, picked).dataSync();
      for (const [i, value] of some[name]!.dataSync().entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    }
  });

  it.each([0, 0.25, 1])('let a part of %d of their gradient into the torso', (torsoGradient) => {
    const { tf } = runtime;
    const gradients = (part: number) => {
      const network = languageNetwork(SHAPE, { ...VALUES, names: ['q1'], torsoGradient: part });
      const named = drawn(network.parameters);
      const names = [...named.keys()];
      const ids = tf.tensor2d([[1, 2, 3]], [1, 3], 'int32');
      const positions = tf.tensor2d([[0, 1, 2]], [1, 3], 'int32');
      const of = tf.grads((...tensors: Tensor[]) => {
        const parameters = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
        return tf.sum(tf.square(network.forward(tf, parameters, { ids, positions })['q1']!));
      })(Object.values(tensorsOf(named)));
      return new Map(names.map((name, i) => [name, of[i]!.dataSync()]));
    };
    const [whole, part] = [gradients(1), gradients(torsoGradient)];
    for (const [name, values] of whole) {
      const factor = name.startsWith('q1/') ? 1 : torsoGradient;
      values.forEach((value, i) => {
        expect(Math.abs(part.get(name)![i]! - factor * value), name).toBeLessThan(
          1e-3 * Math.max(1, Math.abs(value)),
        );
      });
    }
  });

  it('are those that a decoder with a cache computes', () => {
    const network = languageNetwork(SHAPE, VALUES);
    const named = drawn(network.parameters);
    const { heads } = tokenValueHeads({ ...VALUES, width: SHAPE.width, vocabulary: SHAPE.vocabulary });
    const decoder = new DecoderKernel(SHAPE, named, 1, heads);
    const tokens = Int32Array.of(5, 1, 12, 0, 7);
    const found: Record<string, Float32Array>[] = [];
    decoder.run(
      {
        ...{ count: 5, slots: new Int32Array(5), tokens, positions: Int32Array.of(0, 1, 2, 3, 4) },
        wanted: new Uint8Array(5).fill(1),
      },
      (index, { logits, values }) => {
        found[index] = { logits: logits.slice() };
        for (const [name, each] of Object.entries(values)) found[index]![name] = each.slice();
      },
    );
    const { tf } = runtime;
    const ids = tf.tensor2d(tokens, [1, 5], 'int32');
    const out = network.forward(tf, tensorsOf(named), {
      ids,
      positions: tf.tensor2d([[0, 1, 2, 3, 4]], [1, 5], 'int32'),
    });
    for (const name of [...VALUES.names, 'logits']) {
      const width = out[name]!.shape[1]!;
      out[name]!.dataSync().forEach((value, i) => {
        expect(Math.abs(found[Math.floor(i / width)]![name]![i % width]! - value), name).toBeLessThan(1e-4);
      });
    }
  });
});

describe('texts that share a row', () => {
  it('do not see each other', () => {
    const network = languageNetwork(SHAPE, VALUES);
    const parameters = tensorsOf(drawn(network.parameters));
    const { tf } = runtime;
    const row = (values: number[]) => tf.tensor2d(values, [1, values.length], 'int32');
    const together = network
      .forward(tf, parameters, {
        ids: row([1, 2, 3, 4, 5]),
        positions: row([0, 1, 0, 1, 2]),
        segments: row([0, 0, 1, 1, 1]),
      })
      ['logits']!.dataSync();
    const apart = [
      { ids: row([1, 2]), positions: row([0, 1]) },
      { ids: row([3, 4, 5]), positions: row([0, 1, 2]) },
    ].flatMap((input) => [...network.forward(tf, parameters, input)['logits']!.dataSync()]);
    for (const [i, value] of together.entries()) expect(value).toBeCloseTo(apart[i]!, 5);
  });
});
