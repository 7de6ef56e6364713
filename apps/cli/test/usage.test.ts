import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

/** Bad usage: exit code 2, nothing on stdout, one sentence on stderr that holds `says`. */
async function expectRefused(args: readonly string[], says: string | RegExp, cwd?: string): Promise<void> {
  const { code, stdout, stderr } = await qfleet(args, cwd === undefined ? {} : { cwd });
  expect(stderr).toMatch(says);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

describe('qfleet', () => {
  it('describes itself and its examples', async () => {
    const { code, stdout, stderr } = await qfleet(['--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const command of [
      'train',
      'resume',
      'eval',
      'compare',
      'sweep',
      'doctor',
      'top',
      'presets',
      'envs',
      'env',
      'model',
      'chat',
      'bench',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(stdout).toContain('Examples:');
  });

  it.each([
    'train',
    'resume',
    'eval',
    'compare',
    'sweep',
    'top',
    'doctor',
    'presets',
    'envs',
    'bench',
    'actor',
    'learner',
  ])('gives %s --help an example', async (command) => {
    const { code, stdout } = await qfleet([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples?:/);
  });

  it('prints its version', async () => {
    expect(await qfleet(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('shows its help, with exit code 2, when no command is given', async () => {
    const { code, stdout, stderr } = await qfleet([]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: qfleet');
  });

  it('suggests the nearest command', () =>
    expectRefused(['trian'], /unknown command 'trian' \(Did you mean train\?\)/));

  it('suggests the nearest option', () =>
    expectRefused(['train', 'cartpole', '--sed', '3'], /unknown option '--sed' \(Did you mean .*--seed/));

  it('names what a number must be', async () => {
    await expectRefused(['train', 'cartpole', '--actors', 'two'], /--actors.*'two'.*positive integer/);
    await expectRefused(['train', 'cartpole', '--seed', '-1'], /--seed.*'-1'.*0 to 4294967295/);
    await expectRefused(['train', 'cartpole', '--max-seconds', '0'], /--max-seconds.*'0'.*above 0/);
    await expectRefused(['eval', 'x', '--episodes', '1.5'], /--episodes.*'1\.5'.*positive integer/);
  });

  it('names the benches', async () => {
    await expectRefused(['bench', 'lerner'], /'lerner'.*learner, inference, envs, replay/);
    await expectRefused(['bench'], /Name what to measure: learner, inference, envs, replay/);
    await expectRefused(['bench', 'envs', 'CartPole-v7'], /CartPole-v7.*CartPole-v1/);
    await expectRefused(['bench', 'learner', 'CartPole-v1'], /bench learner measures no environments/);
  });

  it('lists the variables that a process reads, and no others', async () => {
    const { stdout } = await qfleet(['exporter', '--help']);
    expect(stdout).toMatch(/^ {2}QFLEET_REDIS_URL +redis:/m);
    expect(stdout).toMatch(/^ {2}QFLEET_EXPORTER_PORT +/m);
    expect(stdout).not.toContain('QFLEET_RUN_DIR');
  });

  it.each([
    [['train', 'cartpole', '--single', '--actors', '2'], /--single .*leave --actors out/],
    [['train', 'cartpole', '--single', '--redis', 'redis://127.0.0.1'], /--single .*leave --redis out/],
    [['train', 'cartpole', '--keep-replay'], /--keep-replay is for --single/],
    [
      ['train', 'cartpole', '--offline', 'x.parquet', '--actors', '2'],
      /--actors does nothing with --offline/,
    ],
    [['train', 'cartpole', '--context', '9'], /--context is how much of a text a given model reads/],
    [['top', '--run', 'a'], /--run chooses among the runs of a Redis: say with --redis/],
    [['replay', 'inspect', 'a', '--run', 'b'], /A run directory names its run: leave --run out/],
    [['sweep', 'cartpole', '--seeds', '1..2', '--dry-run', '--csv'], /--csv does nothing with --dry-run/],
    [['sweep', 'cartpole', '--seeds', '1..2', '--dry-run', '--retry'], /--retry does nothing with --dry-run/],
    [['bench', 'fleet', '--peer'], /bench fleet has no peer .*leave --peer out/],
  ])('refuses an option that does nothing: %j', (args, says) =>
    expectRefused(args, says, temporaryDirectory()),
  );

  it('names a missing argument', () => expectRefused(['eval'], /missing required argument 'run-dir'/));
});
