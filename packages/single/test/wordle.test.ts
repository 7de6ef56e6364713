import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import { RunDirectory } from '@qfleet/report';
import { describe, expect, it, onTestFinished } from 'vitest';
import { trainSingle } from '../src/index.ts';

const FEW = ['agent.data.episodes=400', 'agent.batchSize=512', 'evaluation.episodes=20'];

/** A few updates of recorded dialogues, then of what the method is about. */
const METHODS: readonly (readonly [string, string | null, readonly string[]])[] = [
  ['ilql', null, ['agent.pretraining=2', 'agent.learningRateWarmup=0']],
  ['mc', 'mc', ['agent.pretraining=2']],
  ['filtered-sft', 'filtered-sft', []],
  ['token-dqn', 'token-dqn', ['agent.data.updates=2', 'agent.pretraining=2', 'replay.minSize=100']],
];

const configOf = (method: string | null, set: readonly string[]) =>
  loadRunConfig(
    { preset: 'wordle' },
    [...FEW, ...set],
    method === null ? null : { preset: method, observation: null },
  );

describe('the preset wordle', () => {
  it.each(METHODS)('is trained by %s', { timeout: 300_000 }, async (_, method, set) => {
    const config = configOf(method, [...set, 'stop.maxUpdates=4', 'evaluation.every=4']);
    expect(config.environment.options).toEqual({ words: 60, feedback: 'letters' });
    expect(config.agent).toMatchObject({ discount: 1, network: { valueStart: -3 } });
    const { updates, best } = await trainSingle(config);
    expect(updates).toBe(4);
    expect(best!.returns).toHaveLength(20);
    for (const each of best!.returns) expect([-6, -5, -4, -3, -2, -1, -0]).toContain(-Math.abs(each));
  });

  it('has a language model learn which letters follow in words', { timeout: 300_000 }, async () => {
    const config = configOf('sft', [
      ...['stop.maxUpdates=80', 'evaluation.every=80', 'agent.learningRate=3e-3', 'agent.batchSize=2048'],
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'qfleet-wordle-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await trainSingle(config, { directory: RunDirectory.create(join(folder, 'run'), 'run', config) });
    const losses = readFileSync(join(folder, 'run', 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { loss: number | null }).loss ?? []);
    // Nats a token: of letters drawn evenly among those that may follow 0.73, of words drawn evenly 0.68.
    expect(losses[0]).toBeGreaterThan(0.71);
    expect(losses.at(-1)!).toBeLessThan(losses[0] - 0.04);
  });
});
