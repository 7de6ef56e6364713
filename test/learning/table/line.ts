import type { Cell } from './cell.ts';

/** A line of a table: the cells of one preset, one method, one peer, or one fixed policy. */
export interface Line {
  readonly cells: readonly Cell[];
  /** The return that a seed should reach; null: there is none, or a fixed policy's is beside it. */
  readonly goal: number | null;
  /** The part of its data's mean return that a seed should reach offline. */
  readonly dataGoal?: number;
  /** The method of ours in the same section that a peer's time is divided by. */
  readonly beside?: string;
}

/** The lines that are to be compared with each other: a table under a heading. */
export interface Section {
  /** Names the section's curves; null: it is a document's only one. */
  readonly name: string | null;
  /** The heading, and what is said below it; left out: neither. */
  readonly title?: string;
  readonly about?: string;
  readonly lines: readonly Line[];
  /** Whether its peers are in the readme, too. */
  readonly isInReadme?: boolean;
  /** Digits of returns behind the point; default 1. */
  readonly digits?: number;
}

/**
 * The cells of a section in the order in which they are run, so that one that is stopped tells the most: the first seed of
 * every line, then the second. Cells that need the machine to themselves come first, but peers last.
 */
export function inOrder(lines: readonly Line[], isAlone: (cell: Cell) => boolean): Cell[] {
  const most = Math.max(...lines.map(({ cells }) => cells.length));
  const cells = Array.from({ length: most }, (_, i) => lines.flatMap((line) => line.cells[i] ?? [])).flat();
  const isPeer = ({ kind }: Cell): boolean => kind === 'peer';
  const ours = cells.filter((cell) => !isPeer(cell)).map((cell) => ({ cell, alone: isAlone(cell) }));
  const those = (asked: boolean): Cell[] => ours.flatMap(({ cell, alone }) => (alone === asked ? cell : []));
  return [...those(true), ...those(false), ...cells.filter(isPeer)];
}
