import { fileURLToPath } from 'node:url';
import { loadTensor } from '@qfleet/tensor';
import { type LearnerCase, learnerCases } from './cases.ts';
import type { ContestantCommand } from './contestant.ts';
import type { LearnerChildOptions } from './learner-child.ts';
import { type BenchRow, compare, median, medianRatio, type Peer } from './rounds.ts';

/**
 * Microseconds an update of DQN (forward on s and s′, target, Huber, backward, Adam, soft target update), from batches in typed arrays
 * to TD errors in one, compiled; held in turns against the same step run op by op on the same runtime, and against
 * a peer's where one is given.
 *
 * @param milliseconds of measuring a figure.
 */
export async function benchLearner(peer: Peer | null = null, milliseconds = 6000): Promise<BenchRow[]> {
  const { version } = await loadTensor();
  const rows: BenchRow[] = [];
  for (const learnerCase of learnerCases) {
    const { name, unrolled } = learnerCase;
    const commands: Record<string, ContestantCommand> = {};
    for (const updates of unrolled) commands[`${updates}`] = ours(learnerCase, updates, false);
    const references = {
      [`the same op by op, ${version}`]: ours(learnerCase, 1, true),
      ...peer?.learner(learnerCase),
    };
    const figures = await compare({ ...commands, ...references }, milliseconds);
    for (const updates of unrolled) {
      for (const reference of Object.keys(references)) {
        const [value, other] = [figures.get(`${updates}`)!, figures.get(reference)];
        if (other === undefined) continue;
        rows.push({
          name: `DQN update, ${name}, ${updates} a call`,
          value: median(value),
          unit: 'µs',
          reference,
          referenceValue: median(other),
          ratio: medianRatio(value, other),
        });
      }
    }
  }
  return rows;
}

function ours(learnerCase: LearnerCase, updatesPerCall: number, eager: boolean): ContestantCommand {
  const options: LearnerChildOptions = { learnerCase, updatesPerCall, eager };
  return {
    program: process.execPath,
    args: [fileURLToPath(new URL('./learner-child.js', import.meta.url)), JSON.stringify(options)],
  };
}
