import type { BenchRow } from './timing.ts';

// Loaded when called: actors import this package too, and need neither benchmarks nor TensorFlow.

/** `qfleet bench learner`: see learner.ts. */
export async function benchLearner(milliseconds?: number): Promise<BenchRow[]> {
  return (await import('./learner.ts')).benchLearner(milliseconds);
}

/** `qfleet bench inference`: see inference.ts. */
export async function benchInference(milliseconds?: number): Promise<BenchRow[]> {
  return (await import('./inference.ts')).benchInference(milliseconds);
}
