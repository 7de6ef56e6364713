import { expect, it } from 'vitest';
import { createRun, fleetKeys, RunKeeper, type RunRecord, readRun } from '../src/index.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const within = { timeout: 20_000, interval: 50 };
const fixture = useRedis();
const { run } = fleetKeys('r');

it.each<[string, () => Promise<unknown>]>([
  ['gone', () => fixture.redis.del(run)],
  ['of another type', () => fixture.redis.multi().del(run).rpush(run, 'x').exec()],
  ['garbage', () => fixture.redis.hset(run, 'config', '{')],
  ['in a phase that there is not', () => fixture.redis.hset(run, 'phase', 'asleep')],
])("the run's record is written again where it is %s", async (_, damage) => {
  const config = configOf();
  await createRun(fixture.redis, 'r', config);
  const record = (await readRun(fixture.redis, 'r')) as RunRecord;
  await damage();
  const keeper = new RunKeeper(fixture.redis, record, log);
  await expect
    .poll(() => readRun(fixture.redis, 'r').catch(() => null), within)
    .toEqual({ ...record, phase: 'running' });
  await keeper.stop();
});
