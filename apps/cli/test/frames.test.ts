import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

const fixture = new URL('fixtures/drift.ts', import.meta.url).pathname;

it('learns from frames what only a stack of them tells, and plays it again', {
  timeout: 120_000,
}, async () => {
  const cwd = temporaryDirectory();
  const settings = {
    'environment.frameStack': 2,
    'agent.network.kind': 'nature-cnn',
    'agent.network.hidden': '[32]',
    'agent.batchSize': 32,
    // The reward of a step is all that its action changes.
    'agent.discount': 0,
    'agent.updatesPerCall': 4,
    'replay.minSize': 500,
    'replay.samplesPerInsert': 8,
    'learner.checkpointEvery': 200,
    'evaluation.every': 200,
    'exploration.steps': 1000,
  };
  const set = Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  const args = ['train', fixture, '--single', '--json', '--max-updates', '400', '--run-dir', 'run', ...set];
  const trained = await qfleet(args, { cwd });
  expect(trained.code, trained.stderr).toBe(0);
  // The best that a single frame allows is half of 11.
  expect(JSON.parse(trained.stdout).evaluation.mean).toBeGreaterThan(10);
  const played = await qfleet(['eval', join(cwd, 'run'), '--episodes', '10', '--json', '--trust'], { cwd });
  expect(JSON.parse(played.stdout).mean).toBeGreaterThan(10);
});

it('refuses a stack for a table', async () => {
  const args = ['train', 'taxi', '--set', 'environment.frameStack=2'];
  const { code, stderr } = await qfleet(args, { cwd: temporaryDirectory() });
  expect(stderr).toMatch(/environment\.frameStack is 2; allowed: 1 with agent\.kind tabular/);
  expect(code).toBe(2);
});
