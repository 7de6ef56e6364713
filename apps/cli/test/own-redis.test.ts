import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../../../test/support/is-running.ts';
import { temporaryDirectory } from '../../../test/support/qfleet.ts';
import { openRedis } from '../src/fleet-redis.ts';
import { OwnRedis } from '../src/train/own-redis.ts';

const within = { timeout: 30_000, interval: 5 };

it('brings a run’s Redis back with its data, also where it is killed again as it starts', async () => {
  const said: string[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line) => said.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const own = await OwnRedis.start({ dir: temporaryDirectory() }, log, new AbortController().signal);
  const client = await openRedis(own.url);
  onTestFinished(() => client.disconnect());
  const kill = async (): Promise<number> => {
    await expect.poll(() => isRunning(own.pid), within).toBe(true);
    const { pid } = own;
    process.kill(pid, 'SIGKILL');
    return pid;
  };
  await client.set('kept', 'well');
  await client.config('SET', 'appendfsync', 'always');
  await client.set('kept', 'better');
  const first = await kill();
  await expect.poll(() => own.pid, within).not.toBe(first);
  await kill();
  expect(await client.get('kept')).toBe('better');
  expect(said.filter((sentence) => sentence.endsWith('Starting it again.')).length).toBeGreaterThanOrEqual(2);
  expect(own.failed.aborted).toBe(false);
  await own.stop();
  expect(isRunning(own.pid)).toBe(false);
});

it('gives its start up when it is told to', async () => {
  const stop = new AbortController();
  const dir = join(temporaryDirectory(), 'redis');
  const starting = OwnRedis.start({ dir }, pino({ level: 'silent' }), stop.signal);
  stop.abort(new Error('told to'));
  await expect(starting).rejects.toThrow('told to');
});
