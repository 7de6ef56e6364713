import { RunDirectory } from '@qfleet/report';
import {
  type Cell,
  type Job,
  keyOf,
  partOf,
  type Results,
  ranking,
  type SweepDirectory,
  workOf,
} from '@qfleet/sweep';
import type { View } from '../terminal/live-display.ts';
import { clock, short, style } from '../terminal/output.ts';
import { figure, settingText } from './report.ts';

/** How a sweep stands. */
export interface SweepProgress {
  /** Since this command began to work on it. */
  readonly seconds: number;
  readonly ended: number;
  readonly jobs: number;
  readonly running: number;
  readonly failed: number;
  /** 0 … 1. */
  readonly done: number;
  /** Whole runs an hour; null: nothing is known yet. */
  readonly runsPerHour: number | null;
  readonly secondsLeft: number | null;
  /** The best setting so far, in words; null: none has ended. */
  readonly best: string | null;
}

/** How often the runs' own metrics are read. */
const LOOK_MS = 3_000;

/** Measures how a sweep gets on: by the cells that ended, and by how far those are that are being trained. */
export class SweepMeter {
  readonly #sweep: SweepDirectory;
  readonly #cells: ReadonlyMap<string, Cell>;
  readonly #began = performance.now();
  #first: number | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** The parts of whole runs that jobs had done at the last look. */
  #parts = new Map<string, number>();

  constructor(sweep: SweepDirectory) {
    this.#sweep = sweep;
    this.#cells = new Map(sweep.plan.cells.map((cell) => [cell.id, cell]));
  }

  read(results: Results, active: readonly Job[]): SweepProgress {
    const { plan } = this.#sweep;
    const work = workOf(plan, results);
    const running = active.filter((job) => !results.has(keyOf(job)));
    if (performance.now() - this.#lookedAt > LOOK_MS) this.#look(running);
    const begun = running.reduce((sum, job) => sum + (this.#parts.get(keyOf(job)) ?? 0), 0);
    const done = work.done + begun;
    this.#first ??= done;
    const seconds = (performance.now() - this.#began) / 1000;
    const rate = (done - this.#first) / seconds;
    const best = ranking(plan, results).find(({ mean }) => mean !== null);
    return {
      ...{ seconds, ended: work.ended, jobs: work.jobs, running: running.length, done: done / work.total },
      failed: [...results.values()].filter(({ failure }) => failure !== null).length,
      runsPerHour: rate > 0 ? 3600 * rate : null,
      secondsLeft: rate > 0 ? (work.total - done) / rate : null,
      best: best === undefined ? null : `${figure(best)} (${settingText(best.setting)})`,
    };
  }

  #look(running: readonly Job[]): void {
    this.#lookedAt = performance.now();
    const partsOf = running.map((job) => [keyOf(job), this.#partOf(job)] as const);
    this.#parts = new Map(partsOf);
  }

  /** The part of a whole run that a job has done of what its rung adds. */
  #partOf({ cell, rung }: Job): number {
    const { plan } = this.#sweep;
    const path = this.#sweep.runPath(cell);
    const config = this.#cells.get(cell)?.config;
    if (config === undefined || !RunDirectory.exists(path)) return 0;
    const row = RunDirectory.open(path).readMetrics().at(-1);
    if (row === undefined) return 0;
    const below = plan.rungs.slice(0, rung).reduce((sum, _, lower) => sum + partOf(plan, lower), 0);
    const added = doneOf(config.stop, { ...row, seconds: row.time }) - below;
    return Math.min(partOf(plan, rung), Math.max(0, added));
  }
}

/** The part of a run that is done, by the budget that ends it first; 0 where it has none. */
export function doneOf(
  { maxUpdates, maxSteps, maxSeconds }: Cell['config']['stop'],
  { updates, steps, seconds }: { updates: number; steps: number; seconds: number },
): number {
  const part = (value: number, limit: number | null): number => (limit === null ? 0 : value / limit);
  return Math.min(1, Math.max(part(updates, maxUpdates), part(steps, maxSteps), part(seconds, maxSeconds)));
}

const texts = (progress: SweepProgress): string[] => [
  clock(progress.seconds),
  `${progress.ended} of ${progress.jobs} ended`,
  `${progress.running} running`,
  ...(progress.failed === 0 ? [] : [`${progress.failed} failed`]),
  ...(progress.runsPerHour === null ? [] : [`${short(progress.runsPerHour)} runs an hour`]),
  ...(progress.secondsLeft === null ? [] : [`${clock(progress.secondsLeft)} left`]),
];

const best = (progress: SweepProgress): string[] =>
  progress.best === null ? [] : [`best so far ${progress.best}`];

/** How that looks. */
export const sweepView: View<SweepProgress> = {
  line: (progress) => [...texts(progress), ...best(progress)].join(' · '),
  block: (progress, columns) => {
    const length = Math.min(30, columns - 1);
    const filled = Math.round(length * Math.min(1, progress.done));
    const bar = style('green', '█'.repeat(filled)) + style('dim', '░'.repeat(length - filled));
    return [...best(progress), `${bar} ${texts(progress).join(' · ')}`].join('\n');
  },
};
