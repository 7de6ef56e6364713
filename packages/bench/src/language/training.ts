import { ownChild } from '../contest/contestant.ts';
import { compare, median, rowsAgainst } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import { type BenchRow, benchRow } from '../row.ts';
import type { LanguagePeer } from './peer.ts';
import type { TrainingChildOptions } from './training-child.ts';

/** What of training is measured, and for how long. */
export interface TrainingBench {
  /** Rows of a batch, and the tokens of each. */
  readonly rows: number;
  readonly length: number;
  /** Milliseconds of measuring a figure, and the turns in which that is done. */
  readonly milliseconds: number;
  readonly rounds: number;
}

/** How fast it should be, held against the peer. */
const GOAL = 1;

/** Tokens a second that the updates of a decoder learn from: cross-entropy and AdamW, on all cores. */
export async function measureTraining(
  name: string,
  directory: string,
  peer: LanguagePeer | null,
  { rows, length, milliseconds, rounds }: TrainingBench,
): Promise<BenchRow[]> {
  const ours = ownChild(programBeside('training-child', import.meta.url), {
    ...{ directory, rows, length },
  } satisfies TrainingChildOptions);
  const peers = peer === null ? {} : { [peer.name]: peer.training(directory, rows, length) };
  const figures = await compare({ ours, ...peers }, milliseconds, rounds);
  const title = `${name}, training on ${rows} × ${length} tokens`;
  const perSecond = (microseconds: number): number => 1e6 / microseconds;
  const unit = 'tokens/s';
  if (peer === null) return [benchRow(title, perSecond(median(figures.get('ours')!)), unit)];
  return rowsAgainst(title, 'ours', [peer.name], figures).map((row) => ({
    ...row,
    ...{ unit, value: perSecond(row.value), referenceValue: perSecond(row.referenceValue!), goal: GOAL },
  }));
}
