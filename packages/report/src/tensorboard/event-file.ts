import { appendFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { MetricsRow } from '../records.ts';
import { writing } from '../storage-error.ts';
import { scalarsEvent, startEvent, versionEvent } from './event.ts';
import { recordOf } from './record.ts';

/**
 * A run's metrics as TensorBoard reads them, over environment steps, or over updates where no step is taken. Each session
 * of a run writes a file of its own; what one before it wrote of steps that are taken again does not count.
 */
export class EventFile {
  readonly #path: string;
  #isBegun = false;

  /** Nothing is written before the first row. */
  constructor(directory: string, now = Date.now()) {
    const seconds = String(Math.floor(now / 1000)).padStart(10, '0');
    this.#path = join(directory, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.0`);
  }

  /** @throws StorageError where the operating system refuses it. */
  append(row: MetricsRow, now = Date.now()): void {
    const seconds = now / 1000;
    const step = row.steps || row.updates;
    const beginning = this.#isBegun ? [] : [versionEvent(seconds), startEvent(seconds, step)];
    const events = [...beginning, scalarsEvent(seconds, step, scalarsOf(row))];
    writing(this.#path, () => appendFileSync(this.#path, Buffer.concat(events.map(recordOf))));
    this.#isBegun = true;
  }
}

/** The measured numbers of a row by their tags: those of actors, of the learner, of the replay and of evaluations. */
function scalarsOf(row: MetricsRow): [string, number][] {
  const { evaluation } = row;
  const tagged: [string, number | null | undefined][] = [
    ['rollout/return', row.meanReturn],
    ['rollout/return_std', row.returnStd],
    ['rollout/episodes', row.episodes],
    ['rollout/epsilon', row.epsilon],
    ['train/updates', row.updates],
    ['train/loss', row.loss],
    ['train/mean_abs_td_error', row.meanAbsTdError],
    ['train/mean_q', row.meanQ],
    ['replay/transitions', row.replayTransitions],
    ['evaluation/return', evaluation?.mean],
    ['evaluation/return_std', evaluation?.std],
  ];
  return tagged.filter((pair): pair is [string, number] => pair[1] !== null && pair[1] !== undefined);
}
