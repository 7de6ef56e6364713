import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { outlastRefusedWrites } from '../src/index.ts';
import { log, useRedis } from './support/fixture.ts';

interface Refusal {
  readonly why: string;
  readonly refuse: (redis: Redis) => Promise<unknown>;
  readonly take: (redis: Redis) => Promise<unknown>;
  readonly warning: RegExp;
}

const within = { timeout: 20_000 };
const set = (name: string, value: string) => (redis: Redis) => redis.config('SET', name, value);
/** Where it would put its snapshot. */
const snapshotOf = async (redis: Redis): Promise<string> =>
  join((await redis.config('GET', 'dir'))[1], 'dump.rdb');

const REFUSALS: readonly Refusal[] = [
  {
    why: 'its memory is full',
    refuse: set('maxmemory', '1'),
    take: set('maxmemory', '0'),
    warning: /^Redis is at its maxmemory .*, until then this waits\.$/,
  },
  {
    why: 'too few replicas keep up',
    refuse: set('min-replicas-to-write', '1'),
    take: set('min-replicas-to-write', '0'),
    warning: /^Redis refuses writes, for fewer replicas .*, until then this waits\.$/,
  },
  {
    why: 'it cannot write to its disk',
    refuse: async (redis) => {
      mkdirSync(await snapshotOf(redis));
      await redis.config('SET', 'save', '3600 1');
      await redis.bgsave();
      const failed = /rdb_bgsave_in_progress:0[\s\S]*rdb_last_bgsave_status:err/;
      await expect.poll(() => redis.info('persistence'), within).toMatch(failed);
    },
    take: async (redis) => {
      await redis.config('SET', 'save', '');
      rmdirSync(await snapshotOf(redis));
    },
    warning: /^Redis refuses writes, for it cannot write to its disk: .*, until then this waits\.$/,
  },
  {
    why: 'it became a replica',
    refuse: (redis) => redis.replicaof('127.0.0.1', 1),
    take: (redis) => redis.replicaof('NO', 'ONE'),
    warning: /^Redis is a replica now .*, until then this waits\.$/,
  },
  {
    why: 'a script does not end',
    refuse: async (redis) => {
      await redis.config('SET', 'busy-reply-threshold', '10');
      const other = redis.duplicate();
      other
        .eval('while true do end', 0)
        .catch(() => undefined)
        .finally(() => other.disconnect());
      await expect.poll(() => redis.get('key').catch(String), within).toMatch(/BUSY/);
    },
    take: (redis) => redis.script('KILL'),
    warning: /^Redis is kept busy by a script .* SCRIPT KILL .*, until then this waits\.$/,
  },
];

describe.each(REFUSALS)('while Redis refuses writes, for $why,', ({ refuse, take, warning }) => {
  const fixture = useRedis();
  const tasks: Record<string, () => Promise<unknown>> = {
    'a command': () => fixture.redis.set('key', 'value'),
    'a script': () => fixture.redis.eval("return redis.call('SET', KEYS[1], 'value')", 1, 'key'),
    'a transaction': () => fixture.redis.multi().set('key', 'value').exec(),
  };

  it.each(Object.keys(tasks))('%s waits', async (name) => {
    await refuse(fixture.redis);
    const said: string[] = [];
    const telling = Object.assign(Object.create(log), { warn: (text: string) => said.push(text) });
    const { signal } = new AbortController();
    let tries = 0;
    const waiting = outlastRefusedWrites(
      () => {
        tries++;
        return tasks[name]();
      },
      { log: telling, signal },
    );
    await expect.poll(() => tries, within).toBeGreaterThan(2);
    expect(said).toEqual([expect.stringMatching(warning)]);
    await take(fixture.redis);
    await waiting;
    expect(await fixture.redis.get('key')).toBe('value');
  });

  it('it is waited for only as long as the signal says', async () => {
    await refuse(fixture.redis);
    const stop = new AbortController();
    const waiting = outlastRefusedWrites(tasks['a command'], { log, signal: stop.signal });
    stop.abort(new Error('The test has seen enough.'));
    await expect(waiting).rejects.toThrow('seen enough');
    await take(fixture.redis);
  });
});
