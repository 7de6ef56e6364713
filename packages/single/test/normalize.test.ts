import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadRunConfig, type RunConfig } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { latestCheckpoint } from '@qfleet/training';
import { afterAll, describe, expect, it } from 'vitest';
import { trainSingle } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-normalize-'));
afterAll(() => rmSync(folder, { recursive: true }));

const environmentModule = fileURLToPath(new URL('./fixtures/far-off.ts', import.meta.url));
const configOf = (...overrides: string[]): RunConfig =>
  loadRunConfig({ environmentModule }, [
    ...['environment.normalizeObservations=true', 'stop.maxUpdates=400', 'replay.minSize=200'],
    ...['evaluation.every=200', 'evaluation.episodes=20', 'agent.network.hidden=[16]', ...overrides],
  ]);

describe('a run on normalized observations', () => {
  it('is the same from the same seed, and learns what it can’t in the scale of the environment', async () => {
    const [first, second] = [await trainSingle(configOf()), await trainSingle(configOf())];
    expect(second.parameters).toEqual(first.parameters);
    expect(second.evaluation!.returns).toEqual(first.evaluation!.returns);
    expect(first.evaluation!.mean).toBeGreaterThan(0.9);
    const mean = first.parameters!.get('normalizer/mean')!.data;
    for (const element of mean) expect(Math.abs(element - 1000)).toBeLessThan(0.1);
    const unscaled = await trainSingle(configOf('environment.normalizeObservations=false'));
    expect(unscaled.evaluation!.mean).toBeLessThan(0.9);
    expect(unscaled.parameters).not.toHaveProperty('normalizer/mean');
  });

  it('goes on from a checkpoint with its statistics', async () => {
    const config = configOf();
    const directory = RunDirectory.create(join(folder, 'stopped'), 'stopped', config);
    const abort = new AbortController();
    await trainSingle(config, { directory, signal: abort.signal, onEvaluation: () => abort.abort() });
    const checkpoint = (await latestCheckpoint(directory.checkpoints))!;
    expect(checkpoint.updates).toBe(200);
    const count = checkpoint.parameters.get('normalizer/count')!.data;
    expect(count).toEqual(Float32Array.of(200 * 64));
    expect(checkpoint.state.get('normalizer/count')!.data).toEqual(count);
    const { parameters } = await trainSingle(config, { directory });
    const last = (await latestCheckpoint(directory.checkpoints))!;
    expect(last.parameters.get('normalizer/count')!.data).toEqual(Float32Array.of(400 * 64));
    expect(parameters!.get('normalizer/mean')).toBeDefined();
  });

  it.each([
    ['FrozenLake-v1', 'gives one of 16 states'],
    ['minatar/breakout', 'gives bytes, which have one scale'],
  ])('is refused in a sentence for %s', async (environment, reason) => {
    const known = { id: environment, isDiscrete: false, maxEpisodeSteps: 100, solvedReturn: null };
    const config = loadRunConfig({ environment: known }, ['environment.normalizeObservations=true']);
    await expect(trainSingle(config)).rejects.toThrow(
      new ConfigError([
        'environment.normalizeObservations is true, which takes observations of numbers, and this environment ' +
          `${reason}: set environment.normalizeObservations=false.`,
      ]),
    );
  });

  it('is refused for a table', () => {
    expect(() => loadRunConfig({ preset: 'taxi' }, ['environment.normalizeObservations=true'])).toThrow(
      'environment.normalizeObservations is true; allowed: false with agent.kind tabular.',
    );
  });
});
