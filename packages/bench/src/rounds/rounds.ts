import { ownChild } from '../contest/contestant.ts';
import { compare, median } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import { type BenchRow, benchRow } from '../row.ts';
import type { RoundsChildOptions } from './rounds-child.ts';

/** What is played: a small MLP, and a network of MinAtar's. */
const ENVIRONMENTS = ['CartPole-v1', 'MinAtar/Breakout-v1'];

/**
 * Frames a second of the method pqn in one process, learning included; held against the same where rounds are played and
 * not learned from, in alternate turns.
 *
 * @param milliseconds of measuring a figure, and the rounds in which that is done.
 */
export async function benchRounds(
  milliseconds = 15_000,
  rounds = 5,
  environments: readonly string[] = ENVIRONMENTS,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const environment of environments) {
    const child = (learns: boolean) =>
      ownChild(programBeside('rounds-child', import.meta.url), {
        environment,
        learns,
      } satisfies RoundsChildOptions);
    const figures = await compare({ learns: child(true), plays: child(false) }, milliseconds, rounds);
    const perSecond = (name: string): number => 1e6 / median(figures.get(name)!);
    rows.push(
      benchRow(
        `PQN, ${environment}, learning included`,
        perSecond('learns'),
        'frames/s',
        'its rounds played, not learned from',
        perSecond('plays'),
      ),
    );
  }
  return rows;
}
