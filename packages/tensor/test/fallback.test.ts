import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  adam,
  type Compiled,
  type CompileOptions,
  compile,
  loadTensor,
  type Runtime,
  randomNormal,
  type StepFunction,
} from '../src/index.ts';
import { expectCrossEntropy } from './cross-entropy.ts';
import { hasLibrary } from './native.ts';
import { distance, dqnBatch, dqnInputs, dqnState, dqnUpdate, forward, optimizer } from './problem.ts';
import { lossesElsewhere } from './steps.ts';

/** Where there is no binding to trace, functions run as they are. This is tested on every machine. */
describe('compile on WASM', () => {
  let runtime: Runtime;
  let made: Compiled[] = [];

  const make = (fn: StepFunction, options: CompileOptions) => {
    const compiled = compile(runtime, fn, options);
    made.push(compiled);
    return compiled;
  };

  beforeAll(async () => {
    runtime = await loadTensor({ force: 'wasm' });
  });

  beforeEach(() => {
    expect(runtime.tf.memory().numTensors).toBe(0);
  });

  afterEach(() => {
    for (const each of made) each.dispose();
    made = [];
    expect(runtime.tf.memory().numTensors).toBe(0);
  });

  it('runs a DQN step as it is, and it learns', () => {
    const step = make(dqnUpdate(runtime.tf), { state: dqnState(), inputs: dqnInputs });
    expect(step.traced).toBe(false);
    // One batch and a target network that stands still: close to a regression.
    const batch = { ...dqnBatch(1), ...optimizer.rates(2, 1e-2), tau: 0 };
    const results = Array.from({ length: 50 }, () => step.run(batch)['loss']![0]!);
    expect(results.at(-1)!).toBeLessThan(results[0]! / 2);
    expect(distance(step.state(), dqnState())).toBeGreaterThan(0.01);
  });

  it.skipIf(!hasLibrary)('trains as the traced step of libtensorflow does', async () => {
    const native = await lossesElsewhere({ force: 'cpu' });
    const step = make(dqnUpdate(runtime.tf), { state: dqnState(), inputs: dqnInputs });
    expect(native).toHaveLength(30);
    native.forEach((loss, i) => {
      expect(step.run(dqnBatch(i))['loss']![0]).toBeCloseTo(loss, 5);
    });
  });

  it('computes cross-entropy and its gradient as they are defined', () => expectCrossEntropy(runtime, true));

  it('computes Adam as its paper writes it', () => {
    const { tf } = runtime;
    // Loss w²/2 + 3w of one weight: the gradient is w + 3.
    const slots = [
      ['w', 1],
      ['adam/m/w', 0],
      ['adam/v/w', 0],
    ] as const;
    const state = new Map(slots.map(([name, value]) => [name, { shape: [], data: Float32Array.of(value) }]));
    const step = make(
      (values, { stepSize, epsilon }) => ({
        state: adam().apply(
          tf,
          values,
          { w: tf.add(values['w']!, 3) },
          { stepSize: stepSize!, epsilon: epsilon! },
        ),
      }),
      { state, inputs: { stepSize: { shape: [] }, epsilon: { shape: [] } }, unroll: 2 },
    );
    let [w, m, v] = [1, 0, 0];
    for (let t = 1; t <= 60; t++) {
      const gradient = w + 3;
      m = 0.9 * m + 0.1 * gradient;
      v = 0.999 * v + 0.001 * gradient ** 2;
      w -= (0.05 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    }
    const rates = (t: number) => adam().rates(t, 0.05) as { stepSize: number; epsilon: number };
    for (let t = 1; t <= 60; t += 2) step.run(rates(t), rates(t + 1));
    expect(step.state(['w']).get('w')!.data[0]).toBeCloseTo(w, 4);
  });

  it('puts the results of an unrolled call one after another, and shares a state', () => {
    const { tf } = runtime;
    const one = { shape: [2], data: Float32Array.of(1, 2) };
    const step = make(
      (state, { x }) => ({
        state: { a: tf.add(state['a']!, x!), b: state['a']! },
        outputs: { a: state['a']!, large: tf.greater(state['a']!, 2) },
      }),
      {
        state: new Map([
          ['a', one],
          ['b', one],
        ]),
        inputs: { x: { shape: [] } },
        unroll: 3,
      },
    );
    const read = step.share((state) => ({ outputs: { b: tf.mul(state['b']!, 10) } }), { inputs: {} });
    expect(step.run({ x: 1 }, { x: 2 }, { x: 3 })).toEqual({
      a: Float32Array.of(1, 2, 2, 3, 4, 5),
      large: Int32Array.of(0, 0, 0, 1, 1, 1),
    });
    expect(read.run({})['b']).toEqual(Float32Array.of(40, 50));
    step.setState(new Map([['b', { shape: [2], data: Float32Array.of(7, 8) }]]));
    expect(read.run({})['b']).toEqual(Float32Array.of(70, 80));
    expect([...step.state().keys()]).toEqual(['a', 'b']);
    expect(() => step.setState(new Map([['c', one]]))).toThrow("there is no state 'c'");
    expect(() => step.run({ x: 1 })).toThrow('the function is unrolled 3 times');
  });

  it('hands a state between runtimes: what libtensorflow trains, WASM plays', () => {
    const { tf } = runtime;
    const play = make((state, { x }) => ({ outputs: { q: forward(tf, state, 'online', x!) } }), {
      state: dqnState(),
      inputs: { x: { shape: [null, 4] } },
    });
    const q = play.run({ x: Float32Array.of(0.1, -0.2, 0.3, -0.4) })['q']!;
    const byHand = multilayer([0.1, -0.2, 0.3, -0.4]);
    q.forEach((each, i) => {
      expect(each).toBeCloseTo(byHand[i]!, 5);
    });
  });

  it('draws by the seed', () => {
    const { tf } = runtime;
    const draw = make((_, { seed }) => ({ outputs: { x: randomNormal(tf, [8], seed!) } }), {
      state: new Map(),
      inputs: { seed: { shape: [2], dtype: 'int32' } },
    });
    const [a, b, c] = [
      [1, 2],
      [1, 2],
      [2, 1],
    ].map((seed) => draw.run({ seed: Int32Array.from(seed) })['x']);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
});

/** The network of `problem.ts` in plain loops. */
function multilayer(x: readonly number[]): number[] {
  const state = dqnState();
  let h = [...x];
  for (let layer = 0; layer < 3; layer++) {
    const { shape, data } = state.get(`online/${layer}/kernel`)!;
    const bias = state.get(`online/${layer}/bias`)!.data;
    const next = Array.from(bias, (each, j) =>
      h.reduce((sum, hi, i) => sum + hi * data[i * shape[1]! + j]!, each),
    );
    h = layer < 2 ? next.map((each) => Math.max(0, each)) : next;
  }
  return h;
}
