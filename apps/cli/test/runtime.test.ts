import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { startRedis } from '../../../test/support/redis.ts';

/** A machine where set-up brought no TensorFlow. */
const withoutSetUp = (): Record<string, string> => ({ QFLEET_CACHE_DIR: temporaryDirectory() });
const ONE_UPDATE = ['--max-updates', '1', '--set', 'evaluation.episodes=1'];

it('qfleet train says in one line that WebAssembly trains for lack of a set-up', {
  timeout: 120_000,
}, async () => {
  const cwd = temporaryDirectory();
  const train = ['train', 'cartpole', '--single', ...ONE_UPDATE];
  const bare = { cwd, env: { ...withoutSetUp(), QFLEET_TENSOR: '' } };
  const { code, stderr } = await qfleet(train, bare);
  expect(code, stderr).toBe(0);
  expect(stderr.match(/.*WebAssembly trains.*/g)).toEqual([
    expect.stringMatching(/^There is no native TensorFlow here.*run `npm run setup` to bring it\.$/),
  ]);
  const asked = await qfleet(train, { cwd, env: { ...bare.env, QFLEET_TENSOR: 'wasm' } });
  expect(asked.stderr).not.toContain('WebAssembly');
});

it('a learner whose forced TensorFlow cannot run ends the run at its first start', {
  timeout: 120_000,
}, async () => {
  const cwd = temporaryDirectory();
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const { code, stderr } = await qfleet(
    ['train', 'cartpole', '--redis', `unix://${server.socket}`, '--run-dir', 'run', ...ONE_UPDATE],
    { cwd, env: { ...withoutSetUp(), QFLEET_TENSOR: 'cpu' } },
  );
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/^(error: )?QFLEET_TENSOR=cpu can't run: .* is not provisioned/m);
  const log = readFileSync(join(cwd, 'run', 'logs', 'learner-0.log'), 'utf8');
  expect(log.match(/QFLEET_TENSOR=cpu can't run/g)).toHaveLength(1);
});
