import { type BenchName, type BenchOptions, benches } from './benches.ts';
import { describeMachine, type Machine } from './machine.ts';
import type { BenchRow } from './row.ts';

/** What a benchmark found, and where. */
export interface BenchReport {
  readonly bench: BenchName;
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
}

/** Runs the benchmark of that name. */
export async function runBench(bench: BenchName, options: BenchOptions): Promise<BenchReport> {
  const machine = describeMachine();
  return { bench, machine, rows: await benches[bench](options) };
}
