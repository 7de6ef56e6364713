import { join } from 'node:path';
import { expect, it } from 'vitest';
import { start, temporaryDirectory } from '../support/qfleet.ts';

it('trains a memory on sequences that actors stored', { timeout: 180_000 }, async () => {
  const directory = join(temporaryDirectory(), 'run');
  const sets = ['replay.minSize=500', 'evaluation.every=1000', 'replay.sampling.kind=prioritized'];
  const run = start([
    ...['train', 't-maze', '--run-dir', directory, '--max-updates', '40', '--json'],
    ...sets.flatMap((set) => ['--set', set]),
  ]);
  const { code, stdout, stderr } = await run.ended;
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ environment: 'TMaze-v0', updates: 40, restarts: 0 });
});
