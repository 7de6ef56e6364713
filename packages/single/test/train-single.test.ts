import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRunConfig, type RunConfig } from '@qfleet/config';
import { LockedError, RunDirectory } from '@qfleet/report';
import { CheckpointFolder, type EvaluationResult, latestCheckpoint } from '@qfleet/training';
import { afterAll, describe, expect, it } from 'vitest';
import { type SingleProgress, trainSingle } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-single-'));
afterAll(() => rmSync(folder, { recursive: true }));

const configOf = (preset: string, ...overrides: string[]): RunConfig =>
  loadRunConfig({ preset }, ['evaluation.every=40', 'evaluation.episodes=2', ...overrides]);

const short = ['stop.maxUpdates=120', 'stop.solvedReturn=null'];

function directoryOf(config: RunConfig, name: string): RunDirectory {
  return RunDirectory.create(join(folder, name), name, config);
}

describe('trainSingle', () => {
  it.each(['cartpole', 'taxi', 't-maze'])('learns the same from the same seed: %s', async (preset) => {
    const run = (seed: number) => trainSingle(configOf(preset, ...short, `seed=${seed}`));
    const [first, second, other] = [await run(1), await run(1), await run(2)];
    expect(first).toMatchObject({ stopReason: 'maxUpdates', updates: 120 });
    expect(first.parameters!.size).toBeGreaterThan(0);
    expect(second.parameters).toEqual(first.parameters);
    expect(second.steps).toBe(first.steps);
    expect(second.evaluation!.returns).toEqual(first.evaluation!.returns);
    expect(other.parameters).not.toEqual(first.parameters);
  });

  it('leaves nothing behind without a directory', async () => {
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('qfleet-run-'));
    const before = left();
    const during: string[] = [];
    await trainSingle(configOf('taxi', ...short), { onEvaluation: () => during.push(...left()) });
    expect(during.length).toBeGreaterThan(before.length);
    expect(left()).toEqual(before);
  });

  it('calls its hooks, and writes what they were told into the directory', async () => {
    const config = configOf('taxi', ...short);
    const directory = directoryOf(config, 'hooks');
    const progress: SingleProgress[] = [];
    const evaluations: EvaluationResult[] = [];
    const { best, evaluation, steps } = await trainSingle(config, {
      directory,
      onProgress: (now) => progress.push(now),
      onEvaluation: (result) => evaluations.push(result),
    });
    expect(evaluations.map(({ updates }) => updates)).toEqual([40, 80, 120]);
    expect(progress.at(-1)).toMatchObject({ updates: 120, steps, evaluation: evaluations[2].mean });
    expect(best!.mean).toBe(Math.max(...evaluations.map(({ mean }) => mean)));
    // What is shown at the end was chosen by none of them.
    expect(evaluation!.returns).toHaveLength(20);
    expect(evaluations.map(({ seed }) => seed)).not.toContain(evaluation!.seed);
    const rows = directory.readMetrics();
    expect(rows.flatMap((row) => row.evaluation?.updates ?? [])).toEqual([40, 80, 120]);
    expect(rows.at(-1)!.steps).toBe(steps);
    expect(await new CheckpointFolder(directory.checkpoints, 5).final(evaluation!)).toEqual(evaluation);
  });

  it('is solved by a checkpoint that reached the goal twice', async () => {
    const config = configOf('taxi', 'stop.maxUpdates=120', 'stop.solvedReturn=-100000');
    const { stopReason, best, evaluation } = await trainSingle(config);
    expect(stopReason).toBe('solved');
    expect(evaluation).toMatchObject(best!.confirmation!);
    expect(evaluation!.returns).toHaveLength(20);
  });

  it('tells of a goal that was reached by luck', async () => {
    const environmentModule = fileURLToPath(new URL('./fixtures/coin.ts', import.meta.url));
    const overrides = ['stop.maxUpdates=120', 'stop.solvedReturn=1', 'evaluation.every=8'];
    const config = loadRunConfig({ environmentModule }, [...overrides, 'evaluation.episodes=1']);
    const told: [number, number][] = [];
    const { stopReason } = await trainSingle(config, {
      onUnconfirmed: ({ mean }, fresh) => void told.push([mean, fresh.mean]),
    });
    expect(stopReason).toBe('maxUpdates');
    expect(told.length).toBeGreaterThan(0);
    for (const [first, fresh] of told) {
      expect(first).toBe(1);
      expect(fresh).toBeLessThan(1);
    }
  });

  it('reports the numbers that steps tell in info, of training and of evaluations', async () => {
    const environmentModule = fileURLToPath(new URL('./fixtures/coin.ts', import.meta.url));
    const config = loadRunConfig({ environmentModule }, ['stop.maxUpdates=80', 'evaluation.every=40']);
    const directory = directoryOf(config, 'info');
    const { evaluation, best } = await trainSingle(config, { directory });
    expect(evaluation!.info).toEqual({ heads: evaluation!.mean, tails: 1 - evaluation!.mean });
    expect(best!.info!['heads']).toBe(best!.mean);
    const row = directory.readMetrics().at(-1)!;
    expect(row.info!['heads']).toBe(row.meanReturn);
    const evaluated = directory.readMetrics().flatMap((each) => each.evaluation ?? []);
    expect(evaluated.map(({ info }) => info!['heads'])).toEqual(evaluated.map(({ mean }) => mean));
    expect(evaluated).toHaveLength(2);
  });

  it('ends in order where it is aborted, and goes on from there', async () => {
    const config = configOf('taxi', ...short);
    const directory = directoryOf(config, 'aborted');
    const abort = new AbortController();
    const first = await trainSingle(config, {
      directory,
      signal: abort.signal,
      onEvaluation: () => abort.abort(),
    });
    expect(first).toMatchObject({ stopReason: null, updates: 40, evaluation: null });
    expect((await latestCheckpoint(directory.checkpoints))!.updates).toBe(40);

    const second = await trainSingle(config, { directory });
    expect(second).toMatchObject({ stopReason: 'maxUpdates', updates: 120 });
    expect(second.steps).toBeGreaterThan(first.steps);
    const rows = directory.readMetrics();
    expect(rows.flatMap((row) => row.evaluation?.updates ?? [])).toEqual([40, 80, 120]);
  });

  it('is not over before its last evaluation is played', async () => {
    const config = configOf('taxi', ...short);
    const directory = directoryOf(config, 'unjudged');
    const abort = new AbortController();
    const evaluated = ({ updates }: EvaluationResult) => updates === 120 && abort.abort();
    const first = await trainSingle(config, { directory, signal: abort.signal, onEvaluation: evaluated });
    expect(first).toMatchObject({ stopReason: null, updates: 120, evaluation: null });
    const second = await trainSingle(config, { directory });
    expect(second).toMatchObject({ stopReason: 'maxUpdates', updates: 120 });
    expect(second.evaluation!.returns).toHaveLength(20);
    expect(second.parameters).toEqual(first.parameters);
  });

  it('refuses a directory that another process trains into, and frees its own', async () => {
    const config = configOf('taxi', ...short);
    const directory = directoryOf(config, 'locked');
    using other = RunDirectory.open(directory.path);
    await other.lock();
    await expect(trainSingle(config, { directory })).rejects.toThrow(LockedError);
    other.unlock();
    const throwing = () => {
      throw new Error('a hook that throws');
    };
    await expect(trainSingle(config, { directory, onEvaluation: throwing })).rejects.toThrow(/a hook/);
    await expect(trainSingle(config, { directory })).resolves.toMatchObject({ updates: 120 });
  });
});
