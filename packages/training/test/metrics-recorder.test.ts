import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSchema } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EvaluationResult, MetricsRecorder, type Trainer } from '../src/index.ts';

const trainerAt = (updates: number): Trainer =>
  ({
    seconds: updates / 10,
    steps: 2 * updates,
    updates,
    stats: { numbers: { loss: Number.POSITIVE_INFINITY, meanAbsTdError: 1, meanQ: Number.NaN }, fault: null },
    replay: { size: 5 },
  }) as unknown as Trainer;

const result = (updates: number, mean: number): EvaluationResult => ({
  id: `${updates} ${mean}`,
  updates,
  seed: 1,
  returns: [mean, mean],
  mean,
  std: 0,
  seconds: 1,
});

describe('MetricsRecorder', () => {
  let folder: string;
  let directory: RunDirectory;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qfleet-recorder-'));
    const config = runSchema.parse({ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn' } });
    directory = RunDirectory.create(join(folder, 'run'), 'r', config);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (warnings: string[] = []) =>
    new MetricsRecorder(directory, (message) => void warnings.push(message));

  it('writes an evaluation once, however often a learner that starts again hears of it', () => {
    const first = open();
    first.write(trainerAt(10), result(10, 3));
    first.write(trainerAt(10), result(10, 3));
    const second = open();
    second.write(trainerAt(20), result(10, 3));
    second.write(trainerAt(20), result(20, 4));
    // Training lost a checkpoint, and came to it anew.
    second.write(trainerAt(20), result(20, 5));
    const written = directory.readMetrics().map(({ evaluation }) => [evaluation?.updates, evaluation?.mean]);
    expect(written).toEqual([
      [10, 3],
      [20, 4],
      [20, 5],
    ]);
  });

  it('says that lines were cut short, and leaves out figures that overflowed', () => {
    open().write(trainerAt(10));
    const file = join(directory.path, 'metrics.jsonl');
    appendFileSync(file, '{"time":2,"st\n{"time":3');
    const warnings: string[] = [];
    open(warnings).write(trainerAt(20));
    expect(warnings).toEqual([`A crash or a full disk had cut 2 lines of ${file} short: cleared.`]);
    expect(directory.readMetrics().map(({ updates, loss, meanQ }) => [updates, loss, meanQ])).toEqual([
      [10, null, null],
      [20, null, null],
    ]);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
  });
});
