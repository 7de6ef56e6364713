import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nanAtStep7, qfleet, start, temporaryDirectory, until } from '../../../test/support/qfleet.ts';

const small = ['--single', '--json', '--max-updates', '200', '--set', 'stop.solvedReturn=null'];

async function train(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await qfleet(['train', ...args], { cwd: temporaryDirectory() });
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('qfleet train --single', { timeout: 120_000 }, () => {
  it.each(['cartpole', 'cliffwalking'])('learns the same from the same seed: %s', async (preset) => {
    const [first, second, other] = await Promise.all([
      train(preset, ...small, '--seed', '1'),
      train(preset, ...small, '--seed', '1'),
      train(preset, ...small, '--seed', '2'),
    ]);
    expect(first['weightsHash']).toMatch(/^[0-9a-f]{64}$/);
    expect(second['weightsHash']).toBe(first['weightsHash']);
    expect(second['evaluation']).toEqual(first['evaluation']);
    expect(other['weightsHash']).not.toBe(first['weightsHash']);
  });

  it('solves CliffWalking, says so, and eval plays the best checkpoint', async () => {
    const cwd = temporaryDirectory();
    const { code, stdout } = await qfleet(['train', 'cliffwalking', '--single', '--run-dir', 'run'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Solved: greedy return -13\.0 ± 0\.0 over 20 episodes\.$/m);
    expect(stdout).toContain('Run directory: run');
    expect(stdout).toContain('qfleet eval run');
    expect(readFileSync(join(cwd, 'run', 'curve.svg'), 'utf8')).toMatch(/^<svg/);
    const played = await qfleet(['eval', 'run', '--episodes', '3', '--json'], { cwd });
    expect(JSON.parse(played.stdout)).toEqual({ returns: [-13, -13, -13], mean: -13, std: 0 });
    expect((await qfleet(['eval', 'run'], { cwd })).stdout).toMatch(/^-13\.0 ± 0\.0 over 20 greedy episodes/);
  });

  it('ends with a checkpoint at Ctrl-C, and resume goes on', async () => {
    const cwd = temporaryDirectory();
    const endless = ['--set', 'stop.solvedReturn=null', '--max-updates', '100000000', '--run-dir', 'run'];
    const interrupted = async (
      args: readonly string[],
    ): Promise<{ updates: number; trainingSeconds: number }> => {
      const run = start(args, { cwd });
      await until(run, () => / [1-9][\d,]+ updates /.test(run.output.stdout), 'it trains');
      run.child.kill('SIGINT');
      const { code, stdout } = await run.ended;
      expect(code).toBe(0);
      expect(stdout).toContain('qfleet resume run');
      return JSON.parse(readFileSync(join(cwd, 'run', 'summary.json'), 'utf8'));
    };
    const first = await interrupted(['train', 'cliffwalking', '--single', ...endless]);
    expect(first.updates).toBeGreaterThan(0);
    const second = await interrupted(['resume', 'run']);
    expect(second.updates).toBeGreaterThan(first.updates);
    expect(second.trainingSeconds).toBeGreaterThan(first.trainingSeconds);
  });

  it('stops at a budget of environment steps', async () => {
    const summary = await train(
      'cliffwalking',
      ...small,
      '--max-steps',
      '600',
      '--set',
      'stop.maxUpdates=null',
    );
    expect(summary).toMatchObject({ stopReason: 'maxSteps' });
    expect(summary['envSteps']).toBeGreaterThanOrEqual(600);
  });

  it('names environment, slot and step of an observation that is NaN', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), nanAtStep7);
    const { code, stdout, stderr } = await qfleet(['train', 'env.ts', '--single', '--json'], { cwd });
    expect(stderr).toMatch(/^error: Environment Nan-v0, slot 0, episode 1, step 7: .* is NaN/m);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('names a checkpoint that was cut short, and goes on from the one before', async () => {
    const cwd = temporaryDirectory();
    const checkpoints = ['--set', 'learner.checkpointEvery=50', '--set', 'evaluation.every=50'];
    await qfleet(['train', 'cliffwalking', ...small, ...checkpoints, '--run-dir', 'run'], { cwd });
    const directory = join(cwd, 'run', 'checkpoints');
    const [newest] = readdirSync(directory)
      .filter((name) => /^\d/.test(name))
      .sort()
      .reverse();
    for (const name of [newest, 'best.safetensors']) truncateSync(join(directory, name), 100);
    const played = await qfleet(['eval', 'run'], { cwd });
    expect(played.stderr).toMatch(/^error: The checkpoint .*best\.safetensors can't be read/);
    expect(played.code).toBe(1);
    const resumed = await qfleet(['resume', 'run', '--json'], { cwd });
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ updates: 200 });
  });

  it('has no fleet to watch', async () => {
    const cwd = temporaryDirectory();
    await qfleet(['train', 'cliffwalking', ...small, '--run-dir', 'run'], { cwd });
    const { code, stderr } = await qfleet(['top', 'run'], { cwd });
    expect(stderr).toMatch(/in one process/);
    expect(code).toBe(2);
  });
});
