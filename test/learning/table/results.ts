import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PeerName } from './peers.ts';

/** Greedy episodes on one set of weights, or of a fixed policy. */
export interface Judged {
  /** Updates behind the weights; 0 for a fixed policy. */
  readonly updates: number;
  readonly returns: readonly number[];
  /** Means of what the environment tells in `info`; left out: nothing. */
  readonly info?: Readonly<Record<string, number>>;
}

/** What came of a cell: a line of `docs/results/*.jsonl`. */
export interface Result {
  readonly key: string;
  readonly preset: string;
  /** Left out: the preset's own way. */
  readonly method?: string;
  /** Left out: its method's, else its preset's. */
  readonly name?: string;
  readonly environment: string;
  readonly seed: number;
  /** A fixed policy's name; null: trained. */
  readonly fixed: string | null;
  /** Another library's name, as `peers.ts` has it; left out: trained by us. */
  readonly peer?: PeerName;
  /** What it learned from, offline: the mean is of the episodes that end in it. Left out: it played. */
  readonly data?: { readonly transitions: number; readonly meanReturn: number };
  readonly frames: number;
  readonly updates: number;
  /** Seconds of training as a clock shows them, and of all cores together; null: not known, or nothing was trained. */
  readonly wallSeconds: number | null;
  readonly cpuSeconds: number | null;
  readonly last: Judged;
  readonly best: Judged;
  /** What the best weights come to by the likeliest tokens, of an agent whose tokens are drawn; left out: it is greedy anyway. */
  readonly greedy?: Judged;
  /**
   * [environment steps, mean return, seconds of training] of the evaluations; older results have no seconds, and an offline
   * run has updates in place of steps.
   */
  readonly curve: readonly (readonly [number, number, number?])[];
  readonly versions: Readonly<Record<string, string | null>>;
  readonly cpu: string;
  readonly cores: number;
  readonly date: string;
}

/** What a cell's process finds out; the rest of its result is known before. */
export type Learned = Pick<
  Result,
  | 'data'
  | 'frames'
  | 'updates'
  | 'wallSeconds'
  | 'cpuSeconds'
  | 'last'
  | 'best'
  | 'greedy'
  | 'curve'
  | 'versions'
>;

/** To thousandths: results are kept in the repository. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** The results in a file, of which a later line of the same key replaces an earlier one. */
export function readResults(file: string): Map<string, Result> {
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Map(lines.flatMap(resultOf).map((result) => [result.key, result]));
}

/** A line's result; none for the end of a file, or a line that a killed process left unfinished. */
function resultOf(line: string): Result[] {
  try {
    return [JSON.parse(line) as Result];
  } catch {
    return [];
  }
}

/** Adds a line; it begins on a line of its own even after one that was left unfinished. */
export function appendResult(file: string, result: Result): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, 'utf8'));
  appendFileSync(file, `${unfinished ? '\n' : ''}${JSON.stringify(result)}\n`);
}
