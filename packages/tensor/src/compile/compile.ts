import type { Runtime } from '../runtime.ts';
import { EagerFunction } from './eager.ts';
import { NativeFunction } from './native.ts';
import type { Compiled, CompileOptions, StepFunction } from './types.ts';

/**
 * Compiles a pure tfjs function of state and inputs. On libtensorflow it is run once on the first inputs of each set
 * of shapes while its ops are recorded, and from then on as one native call on a state in native variables; elsewhere
 * it runs as it is, with the same results.
 *
 * @throws When the state's values do not fit their shapes, or `unroll` is no positive integer.
 */
export function compile(runtime: Runtime, fn: StepFunction, options: CompileOptions): Compiled {
  const { unroll = 1 } = options;
  if (!Number.isInteger(unroll) || unroll < 1)
    throw new Error(`unroll is ${unroll}: it takes a positive integer`);
  const Kind = options.eager || runtime.binding === null ? EagerFunction : NativeFunction;
  return Kind.create(runtime, fn, options.state, options);
}
