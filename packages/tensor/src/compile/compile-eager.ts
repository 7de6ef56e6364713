import type { Runtime } from '../runtime.ts';
import { EagerFunction } from './eager.ts';
import type { Compiled, CompileOptions, StepFunction } from './types.ts';

/** `compile` where there is no libtensorflow: the function runs as it is. */
export const compile = (runtime: Runtime, fn: StepFunction, options: CompileOptions): Compiled =>
  EagerFunction.create(runtime, fn, options.state, options);
