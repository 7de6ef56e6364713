import type { NamedTensors } from '../named-tensors.ts';
import type { Runtime } from '../runtime.ts';
import { TraceError } from './apply.ts';
import { inputShapes, shapeKey } from './arguments.ts';
import type { InputShape } from './layout.ts';
import { NativeProgram } from './program.ts';
import { Specialization } from './specialization.ts';
import { inputTensors, stateTensors } from './tensors.ts';
import { type Trace, trace } from './trace.ts';
import type { Compiled, FunctionOptions, Inputs, Outputs, StepFunction } from './types.ts';
import { DT, sameShape } from './values.ts';

/** A function compiled into a graph of libtensorflow. */
export class NativeFunction implements Compiled {
  readonly traced = true;
  readonly #program: NativeProgram;
  readonly #fn: StepFunction;
  readonly #options: FunctionOptions;
  readonly #names: readonly string[];
  readonly #unroll: number;
  readonly #specializations = new Map<string, Specialization>();
  readonly #siblings: NativeFunction[];

  private constructor(
    program: NativeProgram,
    fn: StepFunction,
    options: FunctionOptions,
    siblings: NativeFunction[],
  ) {
    this.#program = program;
    this.#fn = fn;
    this.#options = options;
    this.#names = Object.keys(options.inputs);
    this.#unroll = options.unroll ?? 1;
    this.#siblings = siblings;
    siblings.push(this);
  }

  static create(runtime: Runtime, fn: StepFunction, state: NamedTensors, options: FunctionOptions): Compiled {
    return new NativeFunction(new NativeProgram(runtime, state), fn, options, []);
  }

  run(...inputs: readonly Inputs[]): Outputs {
    if (inputs.length !== this.#unroll) {
      throw new Error(
        `run was given ${inputs.length} records of inputs, the function is unrolled ${this.#unroll} times`,
      );
    }
    const shapes = inputShapes(this.#options.inputs, inputs[0]!);
    const key = shapeKey(shapes);
    for (let k = 1; k < inputs.length; k++) {
      if (shapeKey(inputShapes(this.#options.inputs, inputs[k]!)) !== key) {
        throw new Error(`the inputs of application ${k} of a call have other shapes than those of the first`);
      }
    }
    let specialization = this.#specializations.get(key);
    if (specialization === undefined) {
      specialization = this.#specialize(shapes, inputs[0]!);
      this.#specializations.set(key, specialization);
    }
    return specialization.run(this.#names, inputs);
  }

  state(names: readonly string[] = [...this.#program.spec.shapes.keys()]): NamedTensors {
    return this.#program.read(names);
  }

  setState(state: NamedTensors): void {
    this.#program.write(state);
  }

  share(fn: StepFunction, options: FunctionOptions): Compiled {
    return new NativeFunction(this.#program, fn, options, this.#siblings);
  }

  dispose(): void {
    for (const sibling of this.#siblings) {
      for (const each of sibling.#specializations.values()) each.dispose();
      sibling.#specializations.clear();
    }
    this.#program.dispose();
  }

  #specialize(shapes: readonly InputShape[], first: Inputs): Specialization {
    const { tf } = this.#program.runtime;
    tf.engine().startScope();
    let traced: Trace;
    try {
      const inputs = inputTensors(tf, shapes, first);
      traced = trace(
        this.#program.runtime,
        this.#fn,
        stateTensors(tf, this.state()),
        inputs,
        this.#options.inputs,
      );
    } finally {
      tf.engine().endScope();
    }
    for (const [name, value] of traced.newState) {
      const shape = this.#program.spec.shapes.get(name);
      if (shape === undefined)
        throw new TraceError(`the function returns state '${name}', which there is none of`);
      if (!sameShape(shape, value.shape) || value.dtype !== DT.float32) {
        throw new TraceError(
          `the function returns state '${name}' as [${value.shape}], which is float32 [${shape}]`,
        );
      }
    }
    for (const [name, { dtype }] of traced.outputs) {
      if (dtype !== DT.float32 && dtype !== DT.int32 && dtype !== DT.bool) {
        throw new TraceError(`output '${name}' is neither float32 nor int32 nor bool`);
      }
    }
    return new Specialization(this.#program, traced, shapes, this.#unroll);
  }
}
