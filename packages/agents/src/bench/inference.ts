import { fileURLToPath } from 'node:url';
import { loadTensor } from '@qfleet/tensor';
import { learnerCases } from './cases.ts';
import type { ContestantCommand } from './contestant.ts';
import type { InferenceChildOptions } from './inference-child.ts';
import { type BenchRow, compare, median, medianRatio, type Peer } from './rounds.ts';

const sizes = [1, 16, 64, 256, 1024];

/**
 * Microseconds of a policy's `act` on a vector of environments: forward pass, argmax and ε-greedy, typed arrays in
 * and out. Held in turns against the forward pass alone on each tfjs runtime that is here, and on a peer.
 *
 * @param milliseconds of measuring a figure.
 */
export async function benchInference(peer: Peer | null = null, milliseconds = 1000): Promise<BenchRow[]> {
  const [learnerCase] = learnerCases;
  const { kind, version } = await loadTensor();
  const rows: BenchRow[] = [];
  for (const size of sizes) {
    const ours = (runs: InferenceChildOptions['runs']): ContestantCommand => {
      const options: InferenceChildOptions = { learnerCase, rows: size, runs };
      return {
        program: process.execPath,
        args: [fileURLToPath(new URL('./inference-child.js', import.meta.url)), JSON.stringify(options)],
        // What suits a process that only plays: graphs run on the calling thread.
        environment: { TF_NUM_INTEROP_THREADS: '-1' },
      };
    };
    const references: Record<string, ContestantCommand> = {
      'forward on tfjs WASM': ours('wasm'),
      ...(kind === 'wasm' ? {} : { [`forward compiled, ${version}`]: ours('library') }),
      ...peer?.inference(learnerCase, size),
    };
    const figures = await compare({ policy: ours('policy'), ...references }, milliseconds);
    const value = figures.get('policy')!;
    for (const reference of Object.keys(references)) {
      const other = figures.get(reference);
      if (other === undefined) continue;
      rows.push({
        name: `policy, MLP 4-128-128-2, ${size} ${size === 1 ? 'row' : 'rows'}`,
        value: median(value),
        unit: 'µs',
        reference,
        referenceValue: median(other),
        ratio: medianRatio(value, other),
      });
    }
  }
  return rows;
}
