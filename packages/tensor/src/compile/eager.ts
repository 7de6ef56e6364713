import type { Tensor } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../named-tensors.ts';
import type { Runtime } from '../runtime.ts';
import { applyStep } from './apply.ts';
import { inputShapes } from './arguments.ts';
import { StateSpec } from './state.ts';
import { inputTensors, stateTensors } from './tensors.ts';
import type { Compiled, FunctionOptions, Inputs, Outputs, StepFunction } from './types.ts';
import { sameShape } from './values.ts';

/** A state in tfjs tensors, changed by functions that run as they are. */
class EagerProgram {
  readonly runtime: Runtime;
  readonly spec: StateSpec;
  tensors: Record<string, Tensor>;

  constructor(runtime: Runtime, state: NamedTensors) {
    this.runtime = runtime;
    this.spec = new StateSpec(state);
    this.tensors = stateTensors(runtime.tf, this.spec.copy(state));
  }

  replace(changes: Readonly<Record<string, Tensor>>): void {
    for (const [name, tensor] of Object.entries(changes)) {
      if (tensor === this.tensors[name]) continue;
      this.tensors[name]?.dispose();
      this.tensors[name] = tensor;
    }
  }
}

/** A function that runs as it is: on runtimes without tfjs-node's binding, and for comparisons. */
export class EagerFunction implements Compiled {
  readonly traced = false;
  readonly #program: EagerProgram;
  readonly #fn: StepFunction;
  readonly #options: FunctionOptions;
  readonly #unroll: number;

  private constructor(program: EagerProgram, fn: StepFunction, options: FunctionOptions) {
    this.#program = program;
    this.#fn = fn;
    this.#options = options;
    this.#unroll = options.unroll ?? 1;
  }

  static create(runtime: Runtime, fn: StepFunction, state: NamedTensors, options: FunctionOptions): Compiled {
    return new EagerFunction(new EagerProgram(runtime, state), fn, options);
  }

  run(...inputs: readonly Inputs[]): Outputs {
    if (inputs.length !== this.#unroll) {
      throw new Error(
        `run was given ${inputs.length} records of inputs, the function is unrolled ${this.#unroll} times`,
      );
    }
    const shapes = inputs.map((each) => inputShapes(this.#options.inputs, each));
    const results = inputs.map((each, k) =>
      this.#step(inputTensors(this.#program.runtime.tf, shapes[k]!, each)),
    );
    return Object.fromEntries(
      Object.entries(results[0]!).map(([name, first]) => {
        const all = new (first.constructor as Float32ArrayConstructor)(first.length * results.length);
        results.forEach((each, k) => {
          all.set(each[name]!, k * first.length);
        });
        return [name, all];
      }),
    );
  }

  #step(inputs: Readonly<Record<string, Tensor>>): Outputs {
    const { runtime, spec, tensors } = this.#program;
    const { tf } = runtime;
    const outputs: Record<string, Float32Array | Int32Array> = {};
    const changes = tf.tidy(() => {
      const result = applyStep(this.#fn, tensors, inputs);
      for (const [name, tensor] of Object.entries(result.outputs ?? {})) {
        const values = tensor.dataSync();
        outputs[name] =
          values instanceof Float32Array ? values.slice() : Int32Array.from(values as Int32Array);
      }
      const state = { ...result.state };
      for (const [name, tensor] of Object.entries(state)) {
        spec.checkNames([name]);
        const shape = spec.shapes.get(name)!;
        if (!sameShape(shape, tensor.shape)) {
          throw new Error(
            `the function returns state '${name}' as [${tensor.shape}], which is float32 [${shape}]`,
          );
        }
        // A tensor of its own, since the one returned may be an input or another entry of the state.
        state[name] = tf.clone(tensor);
      }
      return state;
    });
    tf.dispose(inputs);
    this.#program.replace(changes);
    return outputs;
  }

  state(names: readonly string[] = [...this.#program.spec.shapes.keys()]): NamedTensors {
    this.#program.spec.checkNames(names);
    return new Map(
      names.map((name) => {
        const tensor = this.#program.tensors[name]!;
        return [name, { shape: [...tensor.shape], data: (tensor.dataSync() as Float32Array).slice() }];
      }),
    );
  }

  setState(state: NamedTensors): void {
    this.#program.spec.check(state);
    this.#program.replace(stateTensors(this.#program.runtime.tf, this.#program.spec.copy(state)));
  }

  share(fn: StepFunction, options: FunctionOptions): Compiled {
    return new EagerFunction(this.#program, fn, options);
  }

  dispose(): void {
    this.#program.runtime.tf.dispose(this.#program.tensors);
  }
}
