import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../../../test/support/is-running.ts';
import { createRun, FleetConfigurationError, Supervisor, setPhase } from '../src/index.ts';
import { configOf, log, useRedis } from './support/fixture.ts';

const CHILD = new URL('support/child.ts', import.meta.url).pathname;
const within = { timeout: 25_000, interval: 50 };

describe('the supervisor', () => {
  const fixture = useRedis();
  let folder: string;
  let env: Record<string, string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'qfleet-supervisor-'));
  });
  beforeEach(() => {
    env = { QFLEET_REDIS_URL: `unix://${fixture.server.socket}`, QFLEET_RUN: 'r' };
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function supervise(graceSeconds = 10): Supervisor {
    const supervisor = new Supervisor({
      logDirectory: mkdtempSync(join(folder, 'logs-')),
      log,
      graceSeconds,
    });
    onTestFinished(() => supervisor.stop());
    return supervisor;
  }

  const said = (): Promise<string[]> => fixture.redis.lrange('said', 0, -1);
  const lives = (): Promise<number> =>
    said().then((lines) => lines.filter((line) => line.startsWith('up')).length);

  it('starts again what is killed, and ends all with SIGTERM', async () => {
    const supervisor = supervise();
    supervisor.start({ name: 'child-0', main: CHILD, env });
    supervisor.start({ name: 'child-1', main: CHILD, env });
    await expect.poll(lives, within).toBe(2);
    process.kill(supervisor.status()[0].pid!, 'SIGKILL');
    await expect.poll(lives, within).toBe(3);
    expect(supervisor.status().map(({ restarts }) => restarts)).toEqual([1, 0]);
    const pids = supervisor.status().map(({ pid }) => pid!);
    await supervisor.stop();
    expect(pids.some(isRunning)).toBe(false);
    expect((await said()).slice(-2).sort()).toEqual(['drained child-0: SIGTERM', 'drained child-1: SIGTERM']);
    expect(supervisor.failed.aborted).toBe(false);
  });

  it('starts again what was told to stop, until its run is over', async () => {
    const supervisor = supervise();
    await createRun(fixture.redis, 'r', configOf());
    supervisor.start({ name: 'child-0', main: CHILD, env });
    for (let life = 1; life <= 3; life++) {
      await expect.poll(lives, within).toBe(life);
      process.kill(supervisor.status()[0].pid!, 'SIGTERM');
    }
    await expect.poll(lives, within).toBe(4);
    expect(supervisor.status()[0].restarts).toBe(3);
    await setPhase(fixture.redis, 'r', 'finished');
    process.kill(supervisor.status()[0].pid!, 'SIGTERM');
    await expect.poll(() => supervisor.status()[0].pid, within).toBeNull();
    await supervisor.stop();
    expect(await lives()).toBe(4);
    expect(supervisor.failed.aborted).toBe(false);
  });

  it('leaves alone what ended cleanly', async () => {
    const supervisor = supervise();
    supervisor.start({ name: 'child-0', main: CHILD, env: { ...env, QFLEET_TEST_CHILD: 'leave' } });
    await expect.poll(lives, within).toBe(1);
    await expect.poll(() => supervisor.status()[0].pid, within).toBeNull();
    await supervisor.stop();
    expect(await lives()).toBe(1);
  });

  it('gives up on what cannot start, with what it said as one line', async () => {
    const supervisor = supervise();
    supervisor.start({ name: 'child-0', main: CHILD, env: { ...env, QFLEET_TEST_CHILD: 'fail' } });
    if (!supervisor.failed.aborted) await once(supervisor.failed, 'abort');
    expect((supervisor.failed.reason as Error).message).toBe(
      'child-0 cannot start (ended with code 1, 5 times): [ { "widget": "broken" } ]',
    );
    expect(await lives()).toBe(5);
  });

  it('does not start again what would only end in the same way, and says why', async () => {
    const supervisor = supervise();
    supervisor.start({ name: 'child-0', main: CHILD, env: { ...env, QFLEET_TEST_CHILD: 'diverge' } });
    if (!supervisor.failed.aborted) await once(supervisor.failed, 'abort');
    expect((supervisor.failed.reason as Error).message).toBe('Training diverged.');
    expect(await lives()).toBe(1);
  });

  it('gives up at once on a configuration that is refused', async () => {
    const supervisor = supervise();
    supervisor.start({ name: 'child-0', main: CHILD, env: { ...env, QFLEET_LOG_LEVEL: 'loud' } });
    if (!supervisor.failed.aborted) await once(supervisor.failed, 'abort');
    expect(supervisor.failed.reason).toBeInstanceOf(FleetConfigurationError);
    expect((supervisor.failed.reason as Error).message).toMatch(/^QFLEET_LOG_LEVEL is "loud": use trace, /);
    expect(await lives()).toBe(0);
  });

  it('kills what does not drain in time', async () => {
    const supervisor = supervise(0.5);
    supervisor.start({ name: 'child-0', main: CHILD, env: { ...env, QFLEET_TEST_CHILD: 'hang' } });
    await expect.poll(lives, within).toBe(1);
    const { pid } = supervisor.status()[0];
    await supervisor.stop();
    expect(isRunning(pid!)).toBe(false);
  });

  it('is not outlived by its children, however it ends', async () => {
    const logs = mkdtempSync(join(folder, 'logs-'));
    const main = new URL('support/supervising.ts', import.meta.url).pathname;
    const supervising = spawn(process.execPath, [main, logs], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await expect.poll(lives, within).toBe(1);
    const child = Number((await said())[0].split(' ')[2]);
    supervising.kill('SIGKILL');
    await expect.poll(() => isRunning(child), within).toBe(false);
    expect((await said()).at(-1)).toBe('drained child-0: the supervisor is gone');
    expect(readFileSync(join(logs, 'child-0.log'), 'utf8')).not.toMatch(/EPIPE/);
  });

  it('is not outlived by a child that has just been started', async () => {
    const logs = mkdtempSync(join(folder, 'logs-'));
    const main = new URL('support/supervising.ts', import.meta.url).pathname;
    const supervising = spawn(process.execPath, [main, logs], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(supervising.stdout, 'data');
    supervising.kill('SIGKILL');
    await expect.poll(() => isRunning(Number(line)), within).toBe(false);
  });
});
