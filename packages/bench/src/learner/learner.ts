import { loadTensor } from '@qfleet/tensor';
import { type LearnerCase, learnerCases } from '../contest/cases.ts';
import { type ContestantCommand, ownChild } from '../contest/contestant.ts';
import { compare, type Peer, rowsAgainst } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import type { BenchRow } from '../row.ts';
import type { LearnerChildOptions } from './learner-child.ts';

/**
 * Microseconds an update of DQN (forward on s and s′, target, Huber, backward, Adam, soft target update), from batches
 * in typed arrays to TD errors in one, compiled; held in turns against the same step run op by op on the same runtime,
 * and against a peer's where one is given.
 *
 * @param milliseconds of measuring a figure.
 */
export async function benchLearner(
  peer: Peer | null = null,
  milliseconds = 6000,
  cases = learnerCases,
): Promise<BenchRow[]> {
  const { version } = await loadTensor();
  const rows: BenchRow[] = [];
  for (const learnerCase of cases) {
    const { name, unrolled } = learnerCase;
    const commands: Record<string, ContestantCommand> = {};
    for (const updates of unrolled) commands[`${updates}`] = ours(learnerCase, updates, false);
    const references = {
      [`the same op by op, ${version}`]: ours(learnerCase, 1, true),
      ...peer?.learner(learnerCase),
    };
    const figures = await compare({ ...commands, ...references }, milliseconds);
    for (const updates of unrolled) {
      const title = `DQN update, ${name}, ${updates} a call`;
      rows.push(...rowsAgainst(title, `${updates}`, Object.keys(references), figures));
    }
  }
  return rows;
}

function ours(learnerCase: LearnerCase, updatesPerCall: number, eager: boolean): ContestantCommand {
  const options: LearnerChildOptions = { learnerCase, updatesPerCall, eager };
  return ownChild(programBeside('learner-child', import.meta.url), options);
}
