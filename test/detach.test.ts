import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { qfleet, temporaryDirectory } from './support/qfleet.ts';

it('a run in the background is stopped in order, and its replay is there to be exported', async () => {
  const cwd = temporaryDirectory();
  const train = ['train', 'cliffwalking', '--detach', '--json', '--run-dir', 'run'];
  const endless = ['--set', 'stop.solvedReturn=null', '--max-updates', '1000000000'];
  const started = await qfleet([...train, ...endless], { cwd });
  expect(started.code, started.stderr).toBe(0);
  const { pid } = JSON.parse(started.stdout);
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  });
  const metrics = join(cwd, 'run/metrics.jsonl');
  await expect
    .poll(() => readFileSync(metrics, 'utf8').split('\n').length, { timeout: 30_000 })
    .toBeGreaterThan(3);
  expect((await qfleet(['resume', 'run'], { cwd })).stderr).toMatch(/run runs now.*qfleet stop run/);

  const stopped = await qfleet(['stop', 'run', '--json'], { cwd });
  expect(JSON.parse(stopped.stdout)).toMatchObject({ stopped: true, summary: { stopReason: 'interrupted' } });
  expect(readFileSync(join(cwd, 'run/logs/train.log'), 'utf8')).toContain('To go on:');
  expect((await qfleet(['stop', 'run'], { cwd })).stdout).toMatch(/^run does not run\. .*qfleet resume run/);

  const exported = await qfleet(['replay', 'export', 'run', 'run.parquet', '--json'], { cwd });
  expect(JSON.parse(exported.stdout).transitions, exported.stderr).toBeGreaterThan(500);
});
