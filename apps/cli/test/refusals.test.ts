import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main, qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

describe('what can be known to fail', () => {
  it.each([
    ['agent.network.kind=nature-cnn', /agent\.network\.kind is nature-cnn.*gives \[4\]: take .* mlp/],
    ['agent.kind=tabular', /agent\.kind is tabular.*gives float32 \[4\]: take agent\.kind dqn/],
    ['replay.capacityBytes=1000', /replay\.capacityBytes is 1000, which holds 32 .*replay\.minSize, 1000/],
    ['replay.capacity=1e10', /replay\.capacity is 10000000000; allowed: .* at most 1073741824/],
    [`agent.network.hidden=[${Array(8).fill(65_536)}]`, /agent\.network\.hidden is .* makes 30.* parameters/],
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

it('a disk that takes no more ends a training in one sentence, and the run goes on where there is room', async () => {
  const cwd = temporaryDirectory();
  const args = ['train', 'cartpole', '--single', '--max-updates', '16', '--run-dir', 'run'];
  // No file may be larger than that: no checkpoint of this network fits.
  const limited = spawn('bash', ['-c', 'ulimit -f 100; exec "$@"', 'bash', process.execPath, main, ...args], {
    cwd,
  });
  let stderr = '';
  limited.stderr.on('data', (text) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => limited.once('close', resolve));
  expect(stderr).toMatch(
    /^error: \S+run\/checkpoints\/000000000016\.safetensors can't be written: it would be larger than files may be \(EFBIG\), .*qfleet resume run\n$/,
  );
  expect(code).toBe(1);
  expect(readdirSync(join(cwd, 'run/checkpoints'))).toEqual([]);
  const resumed = await qfleet(['resume', 'run'], { cwd });
  expect(resumed.code, resumed.stderr).toBe(0);
});

it('an agent that learns from rounds trains as a fleet and in one process, and keeps no replay', async () => {
  const cwd = temporaryDirectory();
  const small = ['agent.copies=4', 'agent.steps=8', 'agent.minibatches=4'].flatMap((field) => [
    '--set',
    field,
  ]);
  const args = ['train', 'cartpole', '--preset', 'pqn', '--max-updates', '16', ...small];
  const single = await qfleet([...args, '--single', '--run-dir', 'single'], { cwd });
  expect(single.code, single.stderr).toBe(0);
  const evaluated = await qfleet(['eval', 'single', '--episodes', '3', '--json'], { cwd });
  expect(JSON.parse(evaluated.stdout).returns).toHaveLength(3);
  const fleet = await qfleet([...args, '--actors', '2', '--run-dir', 'fleet', '--json'], { cwd });
  expect(fleet.code, fleet.stderr).toBe(0);
  const { updates, envSteps } = JSON.parse(fleet.stdout);
  expect(updates).toBe(16);
  expect(envSteps).toBeGreaterThanOrEqual(2 * 4 * 8);
  const replay = await qfleet(['replay', 'inspect', 'fleet'], { cwd });
  expect(replay.stderr).toMatch(
    /^error: Run \S+ learns from rounds \(agent.kind pqn\), and keeps no replay.\n$/,
  );
  expect(replay.code).toBe(2);
});
