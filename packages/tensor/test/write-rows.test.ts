import type { Tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildGraph } from '../src/compile/emit.ts';
import { type Trace, trace } from '../src/compile/trace.ts';
import { compile, loadTensor, type Runtime, type StepFunction, writeRows } from '../src/index.ts';
import { hasLibrary } from './native.ts';

const ROWS = 6;
const WIDTH = 3;
const memoryOf = (values: Float32Array) => new Map([['memory', { shape: [ROWS, WIDTH], data: values }]]);
const count = (length: number, first = 0) => Float32Array.from({ length }, (_, i) => first + i);

describe.skipIf(!hasLibrary)('writeRows', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await loadTensor({ force: 'cpu' });
  });

  /** Reads rows as they were, writes others, and reads those too. */
  const memoryStep: StepFunction = (state, inputs) => {
    const { tf } = runtime;
    const memory = writeRows(tf, state['memory']!, inputs['at']!, inputs['rows']!);
    return {
      state: { memory },
      outputs: {
        before: tf.gather(state['memory']!, inputs['at'] as never),
        after: tf.gather(memory, inputs['read'] as never),
        sum: tf.sum(state['memory']!),
      },
    };
  };
  const inputs = {
    at: { shape: [2], dtype: 'int32' },
    read: { shape: [2], dtype: 'int32' },
    rows: { shape: [2, WIDTH] },
  } as const;

  it('is a memory that a compiled function writes as an array in JavaScript is written', () => {
    const call = fc.record({
      at: fc.uniqueArray(fc.nat(ROWS - 1), { minLength: 2, maxLength: 2 }),
      read: fc.array(fc.nat(ROWS - 1), { minLength: 2, maxLength: 2 }),
      rows: fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 2 * WIDTH, maxLength: 2 * WIDTH }),
    });
    const state = memoryOf(count(ROWS * WIDTH));
    const each = [1, 3].map((unroll) => compile(runtime, memoryStep, { state, inputs, unroll }));
    const model = each.map(() => count(ROWS * WIDTH));
    const rowsOf = (array: Float32Array, at: readonly number[]) =>
      at.flatMap((row) => [...array.slice(row * WIDTH, (row + 1) * WIDTH)]);
    fc.assert(
      fc.property(fc.array(call, { minLength: 3, maxLength: 3 }), (calls) => {
        for (const [i, unroll] of [1, 3].entries()) {
          const expected = { before: [] as number[], after: [] as number[], sum: [] as number[] };
          for (const { at, read, rows } of calls.slice(0, unroll)) {
            expected.before.push(...rowsOf(model[i]!, at));
            expected.sum.push(model[i]!.reduce((a, b) => a + b, 0));
            at.forEach((row, k) => {
              model[i]!.set(rows.slice(k * WIDTH, (k + 1) * WIDTH), row * WIDTH);
            });
            expected.after.push(...rowsOf(model[i]!, read));
          }
          const given = calls.slice(0, unroll).map(({ at, read, rows }) => ({
            at: Int32Array.from(at),
            read: Int32Array.from(read),
            rows: Float32Array.from(rows),
          }));
          const outputs = each[i]!.run(...given);
          expect(
            Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, [...values]])),
          ).toEqual(expected);
          expect([...each[i]!.state().get('memory')!.data]).toEqual([...model[i]!]);
        }
      }),
      { numRuns: 30 },
    );
    for (const compiled of each) compiled.dispose();
  });

  it('writes and reads rows where they lie, in every application of a call', () => {
    const { tf } = runtime;
    const [state, given] = tf.tidy(() => [
      { memory: tf.keep(tf.zeros([ROWS, WIDTH])) },
      {
        at: tf.keep(tf.tensor1d([0, 1], 'int32')),
        read: tf.keep(tf.tensor1d([2, 2], 'int32')),
        rows: tf.keep(tf.zeros([2, WIDTH])),
      },
    ]);
    const step: StepFunction = (s, i) => {
      const { state, outputs } = memoryStep(s, i);
      return { state: state!, outputs: { before: outputs!['before']! } };
    };
    const traced = tf.tidy(() => trace(runtime, step, state!, given!, inputs) as never) as unknown as Trace;
    tf.dispose([state, given]);
    const nodes = buildGraph(
      [{ name: 'memory', shape: [ROWS, WIDTH] }],
      [{ trace: traced, inputs: [], unroll: 2 }],
      'id',
    );
    const count = (op: string) => nodes.filter((each) => each.op === op).length;
    expect([count('ResourceScatterUpdate'), count('ResourceGather')]).toEqual([2, 2]);
    // Those by which the state is read and set from outside.
    expect([count('ReadVariableOp'), count('AssignVariableOp')]).toEqual([1, 1]);
  });

  it('has the gradients of finite differences, compiled and eager', () => {
    const { tf } = runtime;
    const loss = (memory: Tensor, rows: Tensor, at: Tensor): Tensor => {
      const written = writeRows(tf, memory, at, rows);
      return tf.sum(tf.mul(tf.square(written), tf.reshape(tf.range(1, 19), [ROWS, WIDTH])));
    };
    const step: StepFunction = (_, { memory, rows, at }) => {
      const [byMemory, byRows] = tf.grads((m, r) => loss(m!, r!, at!))([memory!, rows!]);
      return { outputs: { byMemory: byMemory!, byRows: byRows!, loss: loss(memory!, rows!, at!) } };
    };
    const specs = {
      memory: { shape: [ROWS, WIDTH] },
      rows: { shape: [2, WIDTH] },
      at: { shape: [2], dtype: 'int32' },
    } as const;
    const call = { memory: count(18, -4), rows: count(6, 2), at: Int32Array.of(4, 1) };
    for (const eager of [true, false]) {
      const compiled = compile(runtime, step, { state: new Map(), inputs: specs, eager });
      const at = compiled.run(call);
      for (const [name, gradient] of [
        ['memory', at['byMemory']!],
        ['rows', at['byRows']!],
      ] as const) {
        gradient.forEach((each, i) => {
          const moved = (by: number) => {
            const values = call[name].slice();
            values[i]! += by;
            return compiled.run({ ...call, [name]: values })['loss']![0]!;
          };
          // Central differences of a square are exact.
          expect(each, `${name}[${i}]`).toBeCloseTo((moved(1) - moved(-1)) / 2, 2);
        });
      }
      compiled.dispose();
    }
  });

  it('refuses what does not fit', () => {
    const { tf } = runtime;
    const refusal = (memory: number[], at: Tensor, rows: number[]) => () =>
      tf.tidy(() => writeRows(tf, tf.zeros(memory), at, tf.zeros(rows)));
    const at = tf.tensor1d([0, 1], 'int32');
    expect(refusal([4, 3], at, [2, 2])).toThrow(
      /\[2,2\] .* can't be written .* \[4,3\]: it takes \[k, 3\] at \[k\]/,
    );
    expect(refusal([4, 3], at, [3, 3])).toThrow(/can't be written/);
    const floats = tf.tensor1d([0, 1]);
    expect(refusal([4, 3], floats, [2, 3])).toThrow(/indices int32, not float32, float32, float32/);
    tf.dispose([at, floats]);
    const compiled = compile(runtime, memoryStep, { state: memoryOf(count(18)), inputs });
    const call = { at: Int32Array.of(0, ROWS), read: Int32Array.of(0, 0), rows: count(6) };
    compiled.run({ ...call, at: Int32Array.of(0, 1) });
    expect(() => compiled.run(call)).toThrow(/indices|out of range|not in/i);
    compiled.dispose();
  });
});
