import type { Tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../named-tensors.ts';

/** Tensors by name. */
export type TensorRecord = Readonly<Record<string, Tensor>>;

/** What a compiled function computes: the entries of the state that change, and what leaves as typed arrays. */
export interface StepResult {
  readonly state?: TensorRecord;
  readonly outputs?: TensorRecord;
}

/**
 * A function to compile: pure, of ordinary tfjs operations. It may branch on shapes but not on values, and finds what
 * changes from call to call in its arguments; whatever else it uses is fixed when it is traced.
 */
export type StepFunction = (state: TensorRecord, inputs: TensorRecord) => StepResult;

/** The dtypes that can be fed. A uint8 input (frames) reaches the function as an int32 tensor. */
export type InputDtype = 'float32' | 'int32' | 'uint8';

/** The shape and dtype of an input. At most one size is null: it is found from the length of what is given. */
export interface InputSpec {
  readonly shape: readonly (number | null)[];
  /** 'float32' where absent. */
  readonly dtype?: InputDtype;
}

/** Inputs by name; a scalar may be given as a number, and a float32 input as a Float16Array. */
export type Inputs = Readonly<Record<string, Float32Array | Float16Array | Int32Array | Uint8Array | number>>;

/** Outputs by name, flat; int32 and bool outputs are Int32Arrays. */
export type Outputs = Readonly<Record<string, Float32Array | Int32Array>>;

/** How one function is compiled. */
export interface FunctionOptions {
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Sequential applications a call; 1 where absent. */
  readonly unroll?: number;
}

/** What `compile` takes beside the runtime and the function. */
export interface CompileOptions extends FunctionOptions {
  /** The first values of the state; their names and shapes stay. */
  readonly state: NamedTensors;
  /** Run the function as it is, without tracing. For comparisons; where the runtime can't trace, this holds anyway. */
  readonly eager?: boolean;
}

/** A compiled function. */
export interface Compiled {
  /** Whether calls run as one native graph. */
  readonly traced: boolean;
  /**
   * Applies the function `unroll` times, to one record of inputs after another, and returns for each output the
   * results of all of them one after another. The arrays given are free to be reused on return.
   *
   * @throws When inputs are missing, unknown, or of a wrong length or type; and what tracing refuses, at the first
   *   call of each set of shapes.
   */
  run(...inputs: readonly Inputs[]): Outputs;
  /** The state, or the entries of it that are named, copied out. */
  state(names?: readonly string[]): NamedTensors;
  /**
   * Replaces the state, or some entries of it.
   *
   * @throws When a name is unknown or a shape differs; nothing is then replaced.
   */
  setState(state: NamedTensors): void;
  /** Another function on the same state. */
  share(fn: StepFunction, options: FunctionOptions): Compiled;
  /** Frees the state and every function on it. */
  dispose(): void;
}
