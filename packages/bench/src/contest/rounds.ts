import type { BenchRow } from '../row.ts';
import type { LearnerCase } from './cases.ts';
import { Contestant, type ContestantCommand } from './contestant.ts';

/** Rounds of a comparison: many short ones, since a disturbance then meets the neighbours of a turn alike. */
const ROUNDS = 15;

/** Microseconds an operation, one figure a round; none of an optional contestant that did not start. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/**
 * Measures contestants in turns, so that what else the machine does meets all alike. Idle ones wait for their turn
 * and take nothing.
 */
export async function compare(
  commands: Readonly<Record<string, ContestantCommand>>,
  milliseconds: number,
  rounds = ROUNDS,
): Promise<Rounds> {
  const contestants = new Map<string, Contestant>();
  try {
    for (const [name, command] of Object.entries(commands)) {
      try {
        contestants.set(name, await Contestant.start(command));
      } catch (error) {
        if (!command.optional) throw error;
      }
    }
    const figures = new Map([...contestants].map(([name]) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      // There and back, so that none is always the first after another.
      const order = round % 2 === 0 ? [...contestants] : [...contestants].reverse();
      for (const [name, contestant] of order) {
        figures.get(name)!.push(await contestant.measure(milliseconds / rounds));
      }
    }
    return figures;
  } finally {
    for (const contestant of contestants.values()) contestant.end();
  }
}

/** The middle one of several figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The median over the rounds of a peer's figure by ours: above 1, ours is faster. */
export function medianRatio(ours: readonly number[], peer: readonly number[]): number {
  return median(ours.map((figure, round) => peer[round] / figure));
}

/** The medians of contestant `ours` held against each of `references` that started. */
export function rowsAgainst(
  name: string,
  ours: string,
  references: readonly string[],
  figures: Rounds,
): BenchRow[] {
  const value = figures.get(ours)!;
  return references.flatMap((reference) => {
    const other = figures.get(reference);
    if (other === undefined) return [];
    return {
      name,
      value: median(value),
      unit: 'µs',
      reference,
      referenceValue: median(other),
      ratio: medianRatio(value, other),
    };
  });
}

/** Another library that does the same: contestants by the name and version that the rows show. */
export interface Peer {
  /** Updates of DQN. */
  learner(learnerCase: LearnerCase): Readonly<Record<string, ContestantCommand>>;
  /** Forward passes of a case's network on so many rows. */
  inference(learnerCase: LearnerCase, rows: number): Readonly<Record<string, ContestantCommand>>;
}
