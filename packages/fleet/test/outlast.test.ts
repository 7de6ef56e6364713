import { describe, expect, it } from 'vitest';
import { outlastRefusedWrites } from '../src/index.ts';
import { log, useRedis } from './support/fixture.ts';

const REFUSALS = [
  ['its memory is full', 'maxmemory', '1', '0', /^Redis is at its maxmemory .*, until then this waits\.$/],
  [
    'too few replicas keep up',
    'min-replicas-to-write',
    '1',
    '0',
    /^Redis refuses writes, for fewer replicas .*, until then this waits\.$/,
  ],
] as const;

describe.each(REFUSALS)('while Redis refuses writes, for %s,', (_, setting, refuses, takes, warning) => {
  const fixture = useRedis();
  const tasks: Record<string, () => Promise<unknown>> = {
    'a command': () => fixture.redis.set('key', 'value'),
    'a script': () => fixture.redis.eval("return redis.call('SET', KEYS[1], 'value')", 1, 'key'),
    'a transaction': () => fixture.redis.multi().set('key', 'value').exec(),
  };

  it.each(Object.keys(tasks))('%s waits', async (name) => {
    await fixture.redis.config('SET', setting, refuses);
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
    await expect.poll(() => tries).toBeGreaterThan(2);
    expect(said).toEqual([expect.stringMatching(warning)]);
    await fixture.redis.config('SET', setting, takes);
    await waiting;
    expect(await fixture.redis.get('key')).toBe('value');
  });

  it('it is waited for only as long as the signal says', async () => {
    await fixture.redis.config('SET', setting, refuses);
    const stop = new AbortController();
    const waiting = outlastRefusedWrites(tasks['a command'], { log, signal: stop.signal });
    stop.abort(new Error('The test has seen enough.'));
    await expect(waiting).rejects.toThrow('seen enough');
    await fixture.redis.config('SET', setting, takes);
  });
});
