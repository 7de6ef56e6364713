import type { BenchRow, Peer } from './rounds.ts';

// Loaded when called: actors import this package too, and need neither benchmarks nor TensorFlow.

/** `qfleet bench learner`: see learner.ts. */
export async function benchLearner(peer: Peer | null = null, milliseconds?: number): Promise<BenchRow[]> {
  return (await import('./learner.ts')).benchLearner(peer, milliseconds);
}

/** `qfleet bench inference`: see inference.ts. */
export async function benchInference(peer: Peer | null = null, milliseconds?: number): Promise<BenchRow[]> {
  return (await import('./inference.ts')).benchInference(peer, milliseconds);
}
