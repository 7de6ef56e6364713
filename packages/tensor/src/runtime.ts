import type { Binding } from './binding.ts';

/** The TensorFlow.js namespace (tfjs-core): the same functions on every runtime. */
export type TensorFlow = typeof import('@tensorflow/tfjs-core');

/** What crunches the numbers. */
export type RuntimeKind = 'libtensorflow-gpu' | 'libtensorflow-cpu' | 'wasm';

/** What `QFLEET_TENSOR` and `loadTensor({ force })` may ask for. */
export type ForcedRuntime = 'gpu' | 'cpu' | 'wasm';

/** A loaded TensorFlow. One a process: tfjs has one engine. */
export interface Runtime {
  readonly kind: RuntimeKind;
  readonly tf: TensorFlow;
  /** For people: 'TensorFlow 2.20.0, tfjs-node 4.22.0'. */
  readonly version: string;
  /** tfjs-node's native side, which `compile` traces and calls; null where tfjs runs without it. */
  readonly binding: Binding | null;
  /** One sentence each: why nothing faster runs, and what to do about it. */
  readonly notes: readonly string[];
}
