import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

describe('what can be known to fail', () => {
  it.each([
    ['agent.network.kind=nature-cnn', /agent\.network\.kind is nature-cnn.*gives \[4\]: take .* mlp/],
    ['agent.kind=tabular', /agent\.kind is tabular.*gives float32 \[4\]: take agent\.kind dqn/],
    ['replay.capacityBytes=1000', /replay\.capacityBytes is 1000, which holds 32 .*replay\.minSize, 1000/],
    ['replay.capacity=1e10', /replay\.capacity is 10000000000; allowed: .* at most 1073741824/],
    ['agent.network.hidden=[500000, 500000]', /agent\.network\.hidden is .* makes 250004.* parameters/],
    ['replay.minSize=100000', /replay\.minSize is 100000; allowed: less than replay\.capacity/],
    ['agent.batchSize=2000', /replay\.minSize is 1000; allowed: at least agent\.batchSize, 2000/],
  ])('is refused before there is a run directory: %s', async (setting, says) => {
    const cwd = temporaryDirectory();
    const { code, stderr } = await qfleet(['train', 'cartpole', '--run-dir', 'run', '--set', setting], {
      cwd,
    });
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, 'run'))).toBe(false);
  });
});

it('a budget that ends before learning begins is a failure, and says how to go on', async () => {
  const cwd = temporaryDirectory();
  const args = ['train', 'cliffwalking', '--single', '--max-steps', '100', '--run-dir', 'run'];
  const { code, stdout, stderr } = await qfleet(args, { cwd });
  expect(stderr).toMatch(
    /^error: stop\.maxSteps \(100\) ended the run before learning began, .*500 transitions \(replay\.minSize\).*resume run --max-steps 1000\n$/,
  );
  expect(code).toBe(1);
  expect(stdout).not.toContain('Next:');
  expect(JSON.parse(readFileSync(join(cwd, 'run/summary.json'), 'utf8'))).toMatchObject({
    stopReason: 'maxSteps',
    updates: 0,
  });
});
