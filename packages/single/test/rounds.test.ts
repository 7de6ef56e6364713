import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRunConfig, type RunConfig } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { latestCheckpoint } from '@qfleet/training';
import { afterAll, describe, expect, it } from 'vitest';
import { trainSingle } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-rounds-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** CartPole by rounds of 16 × 32 steps, each for 8 updates. */
const configOf = (...overrides: string[]): RunConfig =>
  loadRunConfig({ preset: 'cartpole' }, [
    ...['agent.kind=pqn', 'agent.copies=16', 'agent.steps=32', 'agent.minibatches=4', 'agent.lambda=0.9'],
    ...['evaluation.episodes=2', 'evaluation.every=32', 'stop.maxUpdates=80', 'stop.solvedReturn=null'],
    ...overrides,
  ]);

describe('a run in rounds, in one process', () => {
  it('learns the same from the same seed', async () => {
    const run = (seed: number) => trainSingle(configOf(`seed=${seed}`));
    const [first, second, other] = [await run(1), await run(1), await run(2)];
    expect(first).toMatchObject({ stopReason: 'maxUpdates', updates: 80, steps: 10 * 16 * 32 });
    expect(second.parameters).toEqual(first.parameters);
    expect(second.evaluation!.returns).toEqual(first.evaluation!.returns);
    expect(other.parameters).not.toEqual(first.parameters);
  });

  it('ends in order where it is aborted, and goes on from there, each time the same', async () => {
    const resumed = async (name: string) => {
      const config = configOf();
      const directory = RunDirectory.create(join(folder, name), name, config);
      const abort = new AbortController();
      const first = await trainSingle(config, {
        directory,
        signal: abort.signal,
        onEvaluation: () => abort.abort(),
      });
      expect(first).toMatchObject({ stopReason: null, updates: 32, steps: 4 * 16 * 32, evaluation: null });
      expect(await latestCheckpoint(directory.checkpoints)).toMatchObject({
        updates: 32,
        steps: 4 * 16 * 32,
      });
      const second = await trainSingle(config, { directory });
      expect(second).toMatchObject({ stopReason: 'maxUpdates', updates: 80, steps: 10 * 16 * 32 });
      expect(directory.readMetrics().at(-1)).toMatchObject({ steps: second.steps, replayTransitions: 0 });
      return second;
    };
    expect((await resumed('a')).parameters).toEqual((await resumed('b')).parameters);
  });

  it('solves CartPole by the method as it is', async () => {
    const config = loadRunConfig({ preset: 'cartpole' }, ['stop.solvedReturn=475', 'stop.maxUpdates=8000'], {
      preset: 'pqn',
      observation: [4],
    });
    const { stopReason, evaluation } = await trainSingle(config);
    expect(stopReason).toBe('solved');
    expect(evaluation!.mean).toBeGreaterThanOrEqual(475);
  });
});
