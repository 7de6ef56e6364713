import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nanAtStep7, qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

const rooms = new URL('../../../packages/env-host/test/fixtures/rooms.ts', import.meta.url).pathname;

describe('qfleet env check', () => {
  it('names the parts of what is observed', async () => {
    const { code, stdout } = await qfleet(['env', 'check', rooms, '--steps', '500']);
    expect(stdout).toMatch(/^ +3 … 5: sign\.goal, one of 3$/m);
    expect(stdout).toMatch(/^ +6 … 7: sign\.lights\.0\[2\]$/m);
    expect(stdout).toMatch(/Nothing is wrong\.$/m);
    expect(code).toBe(0);
  });

  it('ends with 1 where something is wrong', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.ts'), nanAtStep7);
    const broken = await qfleet(['env', 'check', 'env.ts'], { cwd });
    expect(broken.stderr).toMatch(/Environment Nan-v0, slot 0, episode 1, step 7: .* is NaN/);
    expect(broken.code).toBe(1);
    const short = await qfleet(['env', 'check', 'CliffWalking-v1', '--steps', '10', '--json'], { cwd });
    expect(JSON.parse(short.stdout).problems).toEqual([
      expect.stringMatching(
        /^No episode ended in 10 steps, and nothing limits them: .*environment\.maxEpisodeSteps.*--steps 100\.$/,
      ),
    ]);
    expect(short.code).toBe(1);
    const limited = await qfleet(['env', 'check', 'MountainCar-v0', '--steps', '10', '--json'], { cwd });
    expect(JSON.parse(limited.stdout).problems).toEqual([
      'No episode ended in 10 steps, and their limit is 200: play more, as with --steps 2000.',
    ]);
  });

  it.each([
    ['cartpole', 'did you mean CartPole-v1, CartPole-v0?'],
    ['breakout', 'did you mean minatar/breakout, MinAtar/Breakout-v1, MinAtar/Breakout-v0?'],
    ['highway', 'did you mean highway-v0, highway-fast-v0?'],
    ['gridwrold', 'did you mean GridWorld-v0?'],
    ['Pong', 'qfleet envs lists them all.'],
  ])('says what %s may have meant', async (name, says) => {
    const { code, stderr } = await qfleet(['env', 'check', name]);
    expect(stderr).toMatch(/^error: There is no environment .*\n$/);
    expect(stderr).toContain(`${name}: ${says}`);
    expect(code).toBe(2);
  });

  it('so does train', async () => {
    const { code, stderr } = await qfleet(['train', 'gridwrold', '--single']);
    expect(stderr).toBe('error: There is no preset or environment gridwrold. Did you mean GridWorld-v0?\n');
    expect(code).toBe(2);
  });

  it('and a dict is learned', { timeout: 120_000 }, async () => {
    const args = ['train', rooms, '--single', '--json', '--max-updates', '1200', '--seed', '1'];
    const { code, stdout, stderr } = await qfleet(args, { cwd: temporaryDirectory() });
    expect(code, stderr).toBe(0);
    // Straight to the goal: 1, or 0.9 where it is two rooms away.
    const { returns } = JSON.parse(stdout).evaluation as { returns: number[] };
    for (const each of returns) expect(each).toBeGreaterThan(0.85);
  });
});
