import type { Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Compiled,
  type CompileOptions,
  compile,
  loadTensor,
  type NamedTensors,
  type Runtime,
  randomNormal,
  randomUniform,
  type StepFunction,
} from '../src/index.ts';
import { hasLibrary } from './native.ts';
import { distance, dqnBatch, dqnInputs, dqnState, dqnUpdate, forward, noise } from './problem.ts';

const scalar = (value: number) => ({ shape: [], data: Float32Array.of(value) });

describe.skipIf(!hasLibrary)('compile on libtensorflow', () => {
  let runtime: Runtime;
  let made: Compiled[] = [];
  let tensors = 0;

  const make = (fn: StepFunction, options: CompileOptions) => {
    const compiled = compile(runtime, fn, options);
    made.push(compiled);
    return compiled;
  };

  beforeAll(async () => {
    runtime = await loadTensor({ force: 'cpu' });
  });

  beforeEach(() => {
    tensors = runtime.binding!.getNumOfTensors();
  });

  // Every test is one of leaks too: after disposal, no native tensor is left.
  afterEach(() => {
    for (const each of made) each.dispose();
    made = [];
    expect(runtime.binding!.getNumOfTensors()).toBe(tensors);
    expect(runtime.tf.memory().numTensors).toBe(0);
  });

  it('trains as eager tfjs does, for 100 steps of double DQN', () => {
    const fn = dqnUpdate(runtime.tf);
    const traced = make(fn, { state: dqnState(), inputs: dqnInputs });
    const eager = make(fn, { state: dqnState(), inputs: dqnInputs, eager: true });
    expect([traced.traced, eager.traced]).toEqual([true, false]);
    for (let i = 0; i < 100; i++) {
      const [a, b] = [traced.run(dqnBatch(i)), eager.run(dqnBatch(i))];
      expect(a['loss']![0]).toBeCloseTo(b['loss']![0]!, 5);
      a['errors']!.forEach((each, j) => {
        expect(each).toBeCloseTo(b['errors']![j]!, 5);
      });
    }
    expect(distance(traced.state(), eager.state())).toBeLessThan(1e-5);
    // 100 steps of at most about the learning rate.
    expect(distance(traced.state(), dqnState())).toBeGreaterThan(0.01);
  });

  it('computes Adam as tf.train.adam does', () => {
    const { tf } = runtime;
    const fn = dqnUpdate(tf);
    const traced = make(fn, { state: dqnState(), inputs: dqnInputs });
    const names = [...dqnState().keys()].filter((each) => each.startsWith('online/'));
    const variables = Object.fromEntries(
      names.map((name) => {
        const { shape, data } = dqnState().get(name)!;
        return [name, tf.tidy(() => tf.variable(tf.tensor(data, [...shape]), true, name))];
      }),
    );
    const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
    // A target that does not move and is the same in both: τ = 0.
    const target = dqnState();
    for (let i = 0; i < 50; i++) {
      const batch = { ...dqnBatch(i), tau: 0 };
      traced.run(batch);
      tf.tidy(() => {
        const x = tf.tensor2d(batch.observations, [16, 4]);
        const next = tf.tensor2d(batch.next, [16, 4]);
        const frozen = Object.fromEntries(
          [...target].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
        );
        const best = tf.oneHot(tf.argMax(forward(tf, variables, 'online', next), 1) as never, 2);
        const value = tf.sum(tf.mul(forward(tf, frozen, 'target', next), best), 1);
        const goal = tf.add(tf.tensor1d(batch.rewards), tf.mul(0.99, value));
        const taken = tf.oneHot(tf.tensor1d(batch.actions, 'int32'), 2);
        optimizer.minimize(() =>
          tf.losses.huberLoss(goal, tf.sum(tf.mul(forward(tf, variables, 'online', x), taken), 1)),
        );
      });
    }
    const expected = new Map(
      names.map((name) => [name, { shape: [], data: variables[name]!.dataSync() as Float32Array }]),
    );
    expect(distance(traced.state(names), expected)).toBeLessThan(1e-5);
    optimizer.dispose();
    tf.dispose(variables);
  });

  it('gives two names of the state one value, also where it is updated in place', () => {
    const update = dqnUpdate(runtime.tf);
    const fn: StepFunction = (state, inputs) => {
      const { state: changed = {}, outputs = {} } = update(state, inputs);
      const names = Object.keys(changed).filter((each) => each.startsWith('online/'));
      const copies = names.map((each) => [each.replace('online/', 'target/'), changed[each]!]);
      return { state: { ...changed, ...Object.fromEntries(copies) }, outputs };
    };
    const [traced, eager, unrolled] = [{}, { eager: true }, { unroll: 2 }].map((more) =>
      make(fn, { state: dqnState(), inputs: dqnInputs, ...more }),
    );
    for (let i = 0; i < 4; i++) for (const each of [traced!, eager!]) each.run(dqnBatch(i));
    for (let i = 0; i < 4; i += 2) unrolled!.run(dqnBatch(i), dqnBatch(i + 1));
    for (const compiled of [traced!, eager!, unrolled!]) {
      const state = compiled.state();
      expect(distance(state, eager!.state())).toBeLessThan(1e-5);
      for (const [name, { data }] of state)
        if (name.startsWith('online/'))
          expect(state.get(name.replace('online/', 'target/'))!.data).toEqual(data);
    }
  });

  it('unrolls: K updates a call are K calls of one', () => {
    const fn = dqnUpdate(runtime.tf);
    const one = make(fn, { state: dqnState(), inputs: dqnInputs });
    const four = make(fn, { state: dqnState(), inputs: dqnInputs, unroll: 4 });
    for (let i = 0; i < 12; i += 4) {
      const together = four.run(dqnBatch(i), dqnBatch(i + 1), dqnBatch(i + 2), dqnBatch(i + 3));
      const apart = [0, 1, 2, 3].map((k) => one.run(dqnBatch(i + k)));
      apart.forEach((each, k) => {
        expect(together['loss']![k]).toBeCloseTo(each['loss']![0]!, 6);
        expect(together['errors']![k * 16 + 5]).toBeCloseTo(each['errors']![5]!, 6);
      });
    }
    expect(distance(one.state(), four.state())).toBeLessThan(1e-6);
    expect(() => four.run(dqnBatch(0))).toThrow(
      'run was given 1 records of inputs, the function is unrolled 4 times',
    );
  });

  it('traces anew for other shapes, and the state goes on', () => {
    const fn = dqnUpdate(runtime.tf);
    const traced = make(fn, { state: dqnState(), inputs: dqnInputs });
    const eager = make(fn, { state: dqnState(), inputs: dqnInputs, eager: true });
    for (const rows of [16, 5, 16, 1, 5]) {
      const [a, b] = [traced.run(dqnBatch(rows, rows)), eager.run(dqnBatch(rows, rows))];
      expect(a['errors']).toHaveLength(rows);
      expect(a['loss']![0]).toBeCloseTo(b['loss']![0]!, 5);
    }
    expect(distance(traced.state(), eager.state())).toBeLessThan(1e-5);
  });

  it('shares a state between functions', () => {
    const { tf } = runtime;
    const train = make(dqnUpdate(tf), { state: dqnState(), inputs: dqnInputs });
    const act = train.share(
      (state, { x }) => ({ outputs: { action: tf.argMax(forward(tf, state, 'online', x!), 1) } }),
      {
        inputs: { x: { shape: [null, 4] } },
      },
    );
    const actEagerly = (values: NamedTensors, x: Float32Array) =>
      tf.tidy(() => {
        const state = Object.fromEntries(
          [...values].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
        );
        const q = forward(tf, state, 'online', tf.tensor2d(x, [x.length / 4, 4]));
        return [...tf.argMax(q, 1).dataSync()];
      });
    const x = Float32Array.from({ length: 32 }, noise(3));
    for (let i = 0; i < 20; i++) {
      const { action } = act.run({ x });
      expect(action).toBeInstanceOf(Int32Array);
      expect([...action!]).toEqual(actEagerly(train.state(), x));
      train.run(dqnBatch(i));
    }
  });

  it('gets and sets the state at any time, all or some of it', () => {
    const { tf } = runtime;
    const fn: StepFunction = (state, { x }) => ({
      state: { a: tf.add(state['a']!, x!) },
      outputs: { b: state['b']! },
    });
    const state = new Map([
      ['a', scalar(1)],
      ['b', { shape: [2], data: Float32Array.of(3, 4) }],
    ]);
    const compiled = make(fn, { state, inputs: { x: { shape: [] } } });
    compiled.setState(new Map([['a', scalar(10)]]));
    expect(compiled.state(['a']).get('a')!.data[0]).toBe(10);
    expect([...compiled.run({ x: 2 })['b']!]).toEqual([3, 4]);
    expect(compiled.state(['a']).get('a')!.data[0]).toBe(12);
    compiled.setState(new Map([['b', { shape: [2], data: Float32Array.of(5, 6) }]]));
    expect([...compiled.run({ x: 2 })['b']!]).toEqual([5, 6]);
    expect([...compiled.state()].map(([name, { data }]) => [name, ...data])).toEqual([
      ['a', 14],
      ['b', 5, 6],
    ]);
    expect(() => compiled.setState(new Map([['c', scalar(0)]]))).toThrow(
      "there is no state 'c': there is a, b",
    );
    expect(() => compiled.setState(new Map([['b', scalar(0)]]))).toThrow("state 'b' has shape [2], not []");
    expect(() => compiled.state(['c'])).toThrow("there is no state 'c'");
  });

  it('keeps its state apart from the memory of the caller', () => {
    const { tf } = runtime;
    const fn: StepFunction = (state, { x }) => ({
      state: { last: x!, doubled: tf.mul(state['last']!, 2), copy: state['last']! },
    });
    // Every alignment, large enough that TensorFlow would share what it can.
    for (let offset = 0; offset < 16; offset++) {
      const data = new Float32Array(4096 + 16).subarray(offset, offset + 4096).fill(1);
      const zeros = { shape: [4096], data: new Float32Array(4096) };
      const state = new Map([
        ['last', { shape: [4096], data }],
        ['doubled', zeros],
        ['copy', zeros],
      ]);
      const compiled = make(fn, { state, inputs: { x: { shape: [4096] } } });
      compiled.setState(state);
      data.fill(9);
      compiled.run({ x: new Float32Array(4096).fill(5) });
      expect(compiled.state(['copy']).get('copy')!.data[7]).toBe(1);
      compiled.run({ x: new Float32Array(4096).fill(6) });
      const [last, doubled, copy] = [...compiled.state().values()].map((each) => each.data[4095]);
      expect([last, doubled, copy]).toEqual([6, 10, 5]);
    }
  });

  it('takes frames as bytes, numbers for scalars, and any size of input', () => {
    const { tf } = runtime;
    const fn: StepFunction = (_, { frames, scale, ids }) => ({
      outputs: {
        sum: tf.sum(tf.mul(tf.cast(frames!, 'float32'), scale!), 1),
        next: tf.add(ids!, tf.scalar(1, 'int32')),
        large: tf.greater(frames!, tf.scalar(200, 'int32')),
      },
    });
    const inputs = {
      frames: { shape: [null, 7], dtype: 'uint8' },
      scale: { shape: [] },
      ids: { shape: [null], dtype: 'int32' },
    } as const;
    const traced = make(fn, { state: new Map(), inputs });
    const eager = make(fn, { state: new Map(), inputs, eager: true });
    for (const rows of [1, 3, 64, 65]) {
      const batch = {
        frames: Uint8Array.from({ length: rows * 7 }, (_, i) => (i * 37) % 256),
        scale: 1 / 255,
        ids: Int32Array.from({ length: rows }, (_, i) => i * 100_000_000 - 2_000_000_000),
      };
      const [a, b] = [traced.run(batch), eager.run(batch)];
      expect(a['next']).toEqual(b['next']);
      expect(a['large']).toEqual(b['large']);
      a['sum']!.forEach((each, i) => {
        expect(each).toBeCloseTo(b['sum']![i]!, 4);
      });
    }
  });

  it('takes float16 for float32, and nothing else', () => {
    const { tf } = runtime;
    const fn: StepFunction = (_, { x, k }) => ({ outputs: { y: tf.mul(x!, 2), k: k! } });
    const inputs = { x: { shape: [null] }, k: { shape: [null], dtype: 'int32' } } as const;
    const x = Float16Array.of(1 / 3, -65_504, 2 ** -24, 0);
    for (const eager of [false, true]) {
      const compiled = make(fn, { state: new Map(), inputs, eager });
      const k = Int32Array.of(1);
      expect(compiled.run({ x, k })['y']).toEqual(Float32Array.from(x, (each) => 2 * each));
      expect(x[0]).toBe(Math.f16round(1 / 3));
      expect(() => compiled.run({ x, k: x })).toThrow("input 'k' is a Float16Array, it takes a Int32Array");
    }
  });

  it('draws random numbers anew for every seed, the same for the same, and as eager execution does', () => {
    const { tf } = runtime;
    const fn: StepFunction = (_, { seed }) => ({
      outputs: { normal: randomNormal(tf, [1000], seed!), uniform: randomUniform(tf, [1000], seed!) },
    });
    const inputs = { seed: { shape: [2], dtype: 'int32' } } as const;
    const traced = make(fn, { state: new Map(), inputs });
    const eager = make(fn, { state: new Map(), inputs, eager: true });
    const [first, again, other] = [
      [1, 2],
      [1, 2],
      [1, 3],
    ].map((each) => traced.run({ seed: Int32Array.from(each) }));
    expect(again).toEqual(first);
    expect(eager.run({ seed: Int32Array.of(1, 2) })).toEqual(first);
    expect(other!['normal']).not.toEqual(first!['normal']);
    const mean = (values: ArrayLike<number>) =>
      Array.from(values).reduce((sum, each) => sum + each, 0) / values.length;
    // Five standard errors.
    expect(Math.abs(mean(first!['normal']!))).toBeLessThan(5 / Math.sqrt(1000));
    expect(Math.abs(mean(first!['uniform']!) - 0.5)).toBeLessThan(5 / Math.sqrt(12_000));
    expect(() =>
      make(() => ({ outputs: { x: randomNormal(tf, [2], tf.scalar(1)) } }), {
        state: new Map(),
        inputs: {},
      }).run({}),
    ).toThrow('a seed is an int32 tensor of two values, not float32 []');
  });

  it('refuses what a trace would freeze or cannot hold, and says why', () => {
    const { tf } = runtime;
    const inputs = { x: { shape: [2] } };
    const state = new Map([['w', scalar(1)]]);
    const x = Float32Array.of(1, 2);
    const refusal = (fn: StepFunction, message: string | RegExp) => {
      expect(() => make(fn, { state, inputs }).run({ x })).toThrow(message);
    };
    refusal(
      (_, { x }) => ({ outputs: { y: tf.sum(x!).dataSync()[0]! > 0 ? x! : tf.neg(x!) } }),
      /^the function reads the value of a tensor \(of Sum, shape \[\]\) with dataSync .* use tf.where/,
    );
    refusal(
      (_, { x }) => ({ outputs: { y: tf.mul(x!, x!.arraySync() as number[]) } }),
      /reads the value of a tensor \(of x/,
    );
    refusal(
      (_, { x }) => ({ outputs: { y: tf.add(x!, tf.randomNormal([2])) } }),
      /draws random numbers in JavaScript/,
    );
    refusal((_, { x }) => ({ outputs: { y: tf.dropout(x!, 0.5) } }), /draws random numbers in JavaScript/);
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    refusal((_, { x }) => ({ outputs: { y: tf.mul(x!, variable as Tensor) } }), /uses a tf.Variable/);
    refusal((_, { x }) => {
      variable.assign(tf.mul(x!, 3) as never);
      return {};
    }, /assigns a tf.Variable/);
    variable.dispose();
    refusal(
      (_, { x }) => ({ outputs: { y: tf.cast(tf.unique(tf.cast(x!, 'int32')).values, 'float32') } }),
      /^the function uses tf.unique, whose result has as many elements as the values say: .* mask of a fixed shape/,
    );
    refusal((_, { x }) => {
      const boxes = tf.tile(tf.expandDims(tf.concat([x!, x!])), [3, 1]) as never;
      return { outputs: { y: tf.image.nonMaxSuppression(boxes, tf.ones([3]) as never, 2) } };
    }, /uses tf.image.nonMaxSuppression/);
    refusal((async (_: unknown, { x }: { x: Tensor }) => ({ outputs: { y: x } })) as never, /is async/);
    refusal((_, { x }) => ({ state: { v: x! } }), "returns state 'v', which there is none of");
    refusal((_, { x }) => ({ state: { w: x! } }), "returns state 'w' as [2], which is float32 []");
    // What is fixed may be read, and a function that was refused leaves tfjs as it was.
    const fixed = make((_, { x }) => ({ outputs: { y: tf.mul(x!, tf.scalar(3).dataSync()[0]!) } }), {
      state,
      inputs,
    });
    expect([...fixed.run({ x })['y']!]).toEqual([3, 6]);
    expect(Math.random()).toBeLessThan(1);
    expect(tf.tidy(() => [...tf.add(x, 1).dataSync()])).toEqual([2, 3]);
  });

  it('refuses inputs that are missing, unknown, of another type or length', () => {
    const { tf } = runtime;
    const step = make((_, { x }) => ({ outputs: { y: tf.sum(x!) } }), {
      state: new Map(),
      inputs: { x: { shape: [null, 3] } },
    });
    expect(() => step.run({})).toThrow("input 'x' is missing");
    expect(() => step.run({ x: new Float32Array(3), z: 1 })).toThrow(
      "there is no input 'z': the function takes x",
    );
    expect(() => step.run({ x: new Int32Array(3) })).toThrow(
      "input 'x' is a Int32Array, it takes a Float32Array",
    );
    expect(() => step.run({ x: new Float32Array(4) })).toThrow(
      "input 'x' has 4 values, which its shape [any, 3] does not allow",
    );
    expect(() => compile(runtime, () => ({}), { state: new Map(), inputs: {}, unroll: 0 })).toThrow(
      'unroll is 0',
    );
    const torn = new Map([['w', { shape: [3], data: new Float32Array(2) }]]);
    expect(() => compile(runtime, () => ({}), { state: torn, inputs: {} })).toThrow(
      "state 'w' of shape [3] takes 3 values, not 2",
    );
  });

  it('leaks neither tensors nor memory', () => {
    const step = make(dqnUpdate(runtime.tf), { state: dqnState(), inputs: dqnInputs });
    const batch = dqnBatch(1);
    const run = (times: number) => {
      for (let i = 0; i < times; i++) step.run(batch);
      step.setState(step.state());
    };
    run(500);
    const before = { native: runtime.binding!.getNumOfTensors(), tf: runtime.tf.memory().numTensors };
    const rss = process.memoryUsage().rss;
    run(3000);
    expect({ native: runtime.binding!.getNumOfTensors(), tf: runtime.tf.memory().numTensors }).toEqual(
      before,
    );
    // One leaked tensor of the batch a step would be more; garbage not yet collected is less.
    expect(process.memoryUsage().rss - rss).toBeLessThan(64 * 2 ** 20);
  });
});
