import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { lstmCell } from '../inference/recurrent/lstm-cell.ts';
import type { ParameterSpec } from '../parameters.ts';
import type { Core } from './core.ts';

/** The names of its parameters and of its memory. */
const NAMES = {
  kernel: 'lstm/kernel',
  recurrent: 'lstm/recurrent',
  bias: 'lstm/bias',
  hidden: 'lstm/hidden',
  cell: 'lstm/cell',
};

/**
 * Long short-term memory (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000), by the equations
 * of PyTorch's `LSTM`: i, f, g, o = x·W + h·U + b in this order, c′ = σ(f)·c + σ(i)·tanh(g), h′ = σ(o)·tanh(c′). Its two
 * biases are one here, their sum. Its start values too are uniform on ±1/√units.
 *
 * A chunk holds h and c as they were before its first step.
 */
export function lstmCore(inputs: number, units: number): Core {
  const gates = 4 * units;
  const spec = (name: string, shape: readonly number[]): ParameterSpec => ({
    ...{ name, shape, fanIn: units, uses: 1, gain: 1 },
  });
  const column = (name: string) => ({ name, dtype: 'float32', shape: [units], cadence: 'chunk' }) as const;
  return {
    parameters: [
      spec(NAMES.kernel, [inputs, gates]),
      spec(NAMES.recurrent, [units, gates]),
      spec(NAMES.bias, [gates]),
    ],
    memory: [column(NAMES.hidden), column(NAMES.cell)],
    width: units,
    forward(tf, parameters, features, { steps, memory, begins, present }) {
      const recurrent = parameters[NAMES.recurrent] as Tensor2D;
      // The part of the input, of all steps at once.
      const fromInput = tf.add(
        tf.matMul(features, parameters[NAMES.kernel] as Tensor2D),
        parameters[NAMES.bias],
      );
      const inputGates = byStep(tf, fromInput, steps, gates);
      const stays = begins && byStep(tf, tf.sub(1, tf.cast(begins, 'float32')), steps, 1);
      const there = present && byStep(tf, present, steps, 1);
      let state: State = { hidden: memory[NAMES.hidden] as Tensor2D, cell: memory[NAMES.cell] as Tensor2D };
      const hidden = inputGates.map((input, step) => {
        if (stays) state = mapState(state, (each) => tf.mul(each, stays[step]));
        const next = lstmStep(tf, input, state, recurrent);
        state = there ? mixed(tf, there[step], next, state) : next;
        return state.hidden;
      });
      const all = steps === 1 ? hidden[0] : tf.reshape(tf.stack(hidden, 1), [-1, units]);
      return {
        features: all as Tensor2D,
        memory: { [NAMES.hidden]: state.hidden, [NAMES.cell]: state.cell },
      };
    },
    cell: lstmCell(units, NAMES),
  };
}

/** What it remembers: [rows, units] each. */
interface State {
  readonly hidden: Tensor2D;
  readonly cell: Tensor2D;
}

/** One step. @param input x·W + b, [rows, 4 × units]. */
function lstmStep(tf: TensorFlow, input: Tensor2D, { hidden, cell }: State, recurrent: Tensor2D): State {
  const gates = tf.add(input, tf.matMul(hidden, recurrent));
  const [i, f, g, o] = tf.split(gates, 4, 1) as Tensor2D[];
  const next = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(g))) as Tensor2D;
  return { hidden: tf.mul(tf.sigmoid(o), tf.tanh(next)), cell: next };
}

const mapState = ({ hidden, cell }: State, map: (each: Tensor2D) => Tensor2D): State => ({
  hidden: map(hidden),
  cell: map(cell),
});

/** `next` in rows where there is a step, else `before`. @param there [rows, 1], of 1 and 0. */
function mixed(tf: TensorFlow, there: Tensor2D, next: State, before: State): State {
  const absent = tf.sub(1, there);
  const mix = (a: Tensor2D, b: Tensor2D) => tf.add(tf.mul(there, a), tf.mul(absent, b)) as Tensor2D;
  return { hidden: mix(next.hidden, before.hidden), cell: mix(next.cell, before.cell) };
}

/** A tensor [rows, width] for each step, of one of [rows × steps × width]. */
function byStep(tf: TensorFlow, values: Tensor, steps: number, width: number): Tensor2D[] {
  if (steps === 1) return [tf.reshape(values, [-1, width])];
  return tf.unstack(tf.reshape(values, [-1, steps, width]) as Tensor3D, 1) as Tensor2D[];
}
