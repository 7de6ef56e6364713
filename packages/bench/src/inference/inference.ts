import { loadTensor } from '@qfleet/tensor';
import { type LearnerCase, learnerCases, minAtarCase } from '../contest/cases.ts';
import { type ContestantCommand, ownChild } from '../contest/contestant.ts';
import { compare, type Peer, rowsAgainst } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import type { BenchRow } from '../row.ts';
import type { InferenceChildOptions } from './inference-child.ts';

/** A network whose policy is measured, on vectors of these sizes. */
interface InferenceCase {
  readonly name: string;
  readonly learnerCase: LearnerCase;
  readonly sizes: readonly number[];
}

/** Networks of the learner's cases, and the vectors that actors have of such. */
const inferenceCases: readonly InferenceCase[] = [
  { name: 'MLP 4-128-128-2', learnerCase: learnerCases[0], sizes: [1, 16, 64, 256, 1024] },
  { name: 'MinAtar CNN', learnerCase: minAtarCase, sizes: [1, 16, 64] },
  { name: 'Nature CNN', learnerCase: learnerCases[2], sizes: [1, 8, 32] },
];

/**
 * Microseconds of a policy's `act` on a vector of environments: forward pass, argmax and ε-greedy, typed arrays in
 * and out. Held in turns against the forward pass alone on each tfjs runtime that is here, and on a peer.
 *
 * @param milliseconds of measuring a figure.
 */
export async function benchInference(
  peer: Peer | null = null,
  milliseconds = 1500,
  cases = inferenceCases,
): Promise<BenchRow[]> {
  const { kind, version } = await loadTensor();
  const rows: BenchRow[] = [];
  for (const { name, learnerCase, sizes } of cases) {
    for (const size of sizes) {
      const references: Record<string, ContestantCommand> = {
        'forward on tfjs WASM': ours(learnerCase, size, 'wasm'),
        ...(kind === 'wasm' ? {} : { [`forward compiled, ${version}`]: ours(learnerCase, size, 'library') }),
        ...peer?.inference(learnerCase, size),
      };
      const contestants = { ...references, policy: ours(learnerCase, size, 'policy') };
      const figures = await compare(contestants, milliseconds);
      const title = `policy, ${name}, ${size} ${size === 1 ? 'row' : 'rows'}`;
      rows.push(...rowsAgainst(title, 'policy', Object.keys(references), figures));
    }
  }
  return rows;
}

function ours(
  learnerCase: LearnerCase,
  rows: number,
  runs: InferenceChildOptions['runs'],
): ContestantCommand {
  const options: InferenceChildOptions = { learnerCase, rows, runs };
  return ownChild(programBeside('inference-child', import.meta.url), options);
}
