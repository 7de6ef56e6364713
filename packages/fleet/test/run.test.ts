import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  checkRunId,
  createRun,
  FleetConfigurationError,
  fleetKeys,
  LearnerLease,
  readPhase,
  readRun,
  restoreRun,
  reviseRun,
  setPhase,
  waitForRun,
} from '../src/index.ts';
import { configOf, useRedis } from './support/fixture.ts';

describe('the run record', () => {
  const fixture = useRedis();

  it('holds the configuration and starts in the phase starting', async () => {
    const { redis } = fixture;
    expect(await readRun(redis, 'r')).toBeNull();
    expect(await createRun(redis, 'r', configOf())).toBe(true);
    const record = await readRun(redis, 'r');
    expect(record).toMatchObject({ run: 'r', config: configOf(), phase: 'starting', reason: null });
    expect(Math.abs(record!.startedAt - Date.now())).toBeLessThan(60_000);
  });

  it('is left as it is by the same configuration, and refuses another', async () => {
    const { redis } = fixture;
    await createRun(redis, 'r', configOf());
    await setPhase(redis, 'r', 'running');
    expect(await createRun(redis, 'r', configOf())).toBe(false);
    expect((await readRun(redis, 'r'))!.phase).toBe('running');
    await expect(createRun(redis, 'r', configOf({ slots: 17 }))).rejects.toThrow(
      new FleetConfigurationError(
        'Run r exists with another configuration (fleet.slots: 16 there, 17 here): choose another run id, or the same configuration; settings of a run that goes on change with `qfleet resume RUN_DIR --set path=value`.',
      ),
    );
  });

  it('takes over settings that may change, and no others', async () => {
    const { redis } = fixture;
    await reviseRun(redis, 'r', configOf());
    await setPhase(redis, 'r', 'running');
    const { selector } = configOf().exploration;
    const changed = {
      ...configOf(),
      exploration: { kind: 'ladder', base: 0.2, alpha: 7, selector },
    } as const;
    await reviseRun(redis, 'r', changed);
    expect(await readRun(redis, 'r')).toMatchObject({ config: changed, phase: 'running' });
    await expect(reviseRun(redis, 'r', configOf({ slots: 17 }))).rejects.toThrow(
      /^fleet\.slots is 16 and can't become 17 in a run that has begun, for actors hold leases/,
    );
    expect((await readRun(redis, 'r'))!.config).toEqual(changed);
  });

  it('is written again where Redis lost it, and left alone where not', async () => {
    const { redis } = fixture;
    await createRun(redis, 'r', configOf());
    await setPhase(redis, 'r', 'running');
    const record = (await readRun(redis, 'r'))!;
    await redis.flushall();
    await restoreRun(redis, record);
    expect(await readRun(redis, 'r')).toEqual(record);
    await setPhase(redis, 'r', 'stopping');
    await restoreRun(redis, record);
    expect((await readRun(redis, 'r'))!.phase).toBe('stopping');
  });

  it('is waited for', async () => {
    const { redis } = fixture;
    const waiting = waitForRun(redis, 'later');
    await sleep(50);
    await createRun(fixture.connect(), 'later', configOf());
    expect((await waiting).config).toEqual(configOf());
    const stop = new AbortController();
    const forever = waitForRun(redis, 'never', { signal: stop.signal });
    stop.abort();
    await expect(forever).rejects.toThrow();
  });

  it('is no longer waited for when told so, though Redis is away', async () => {
    const { redis, server } = fixture;
    await server.kill();
    try {
      const stop = new AbortController();
      const waits = [
        waitForRun(redis, 'r', { signal: stop.signal }),
        LearnerLease.acquire(redis, 'r', 'a', { signal: stop.signal }),
      ];
      stop.abort(new Error('enough'));
      for (const wait of waits) await expect(wait).rejects.toThrow('enough');
    } finally {
      await server.start();
    }
  });

  it('moves through its phases forward only', async () => {
    const { redis } = fixture;
    expect(await setPhase(redis, 'r', 'running')).toBeNull();
    await createRun(redis, 'r', configOf());
    expect(await setPhase(redis, 'r', 'running')).toBe('running');
    expect(await setPhase(redis, 'r', 'stopping', 'solved')).toBe('stopping');
    expect(await setPhase(redis, 'r', 'running')).toBe('stopping');
    expect(await readPhase(redis, 'r')).toEqual({ phase: 'stopping', reason: 'solved' });
    expect(await setPhase(redis, 'r', 'finished')).toBe('finished');
    expect(await setPhase(redis, 'r', 'failed')).toBe('finished');
    expect(await setPhase(redis, 'r', 'starting')).toBe('starting');
  });

  it('is moved by a learner only while that holds the lease', async () => {
    const { redis } = fixture;
    await createRun(redis, 'r', configOf());
    await using first = await LearnerLease.acquire(redis, 'r', 'first');
    expect(await setPhase(redis, 'r', 'running', '', first)).toBe('running');
    await redis.del(fleetKeys('r').lease);
    await using second = await LearnerLease.acquire(redis, 'r', 'second');
    expect(await setPhase(redis, 'r', 'finished', 'solved', first)).toBeNull();
    expect(await readPhase(redis, 'r')).toMatchObject({ phase: 'running' });
    expect(await setPhase(redis, 'r', 'finished', 'solved', second)).toBe('finished');
  });

  it('has an id that fits into a key and a path', () => {
    expect(checkRunId('cartpole-1.b_2')).toBe('cartpole-1.b_2');
    for (const bad of ['', '.', '../x', 'a b', 'a{b}', 'a:b', 'x'.repeat(65)]) {
      expect(() => checkRunId(bad)).toThrow(FleetConfigurationError);
    }
  });

  it('is taken up by processes of the version that made it alone, until another starts it again', async () => {
    const { redis } = fixture;
    await createRun(redis, 'r', configOf());
    const { version } = (await readRun(redis, 'r'))!;
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await waitForRun(redis, 'r')).toMatchObject({ version });
    await redis.hset(fleetKeys('r').run, 'version', '99.0.0');
    await expect(waitForRun(redis, 'r')).rejects.toThrow(
      new FleetConfigurationError(
        `Run r is trained by Qfleet 99.0.0, and this process is ${version}: install 99.0.0 here, or start the run with ${version}.`,
      ),
    );
    await reviseRun(redis, 'r', configOf());
    expect(await waitForRun(redis, 'r')).toMatchObject({ version });
    // One that did not say is taken.
    await redis.hdel(fleetKeys('r').run, 'version');
    expect(await waitForRun(redis, 'r')).toMatchObject({ version: null });
  });
});
