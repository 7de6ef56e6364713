import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadRunConfig } from '@qfleet/config';
import { connectRedis, createRun, exitCodes, fleetKeys, readPhase, setPhase } from '@qfleet/fleet';
import { RunDirectory } from '@qfleet/report';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../test/support/qfleet.ts';
import { startRedis, type TestRedis } from '../../../test/support/redis.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const config = loadRunConfig({ preset: 'cliffwalking' });

describe('a learner that starts', () => {
  let server: TestRedis;
  let redis: Awaited<ReturnType<typeof connectRedis>>;
  let directory: string;

  beforeAll(async () => {
    server = await startRedis();
    redis = await connectRedis(`unix://${server.socket}`, { role: 'test' });
  });
  beforeEach(async () => {
    await redis.flushall();
    await createRun(redis, 'r', config);
    directory = join(temporaryDirectory(), 'run');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  /** Its life, to the end. */
  const learner = (): Promise<{ code: unknown; stderr: string }> =>
    new Promise((resolve) => {
      const env = {
        ...process.env,
        QFLEET_REDIS_URL: `unix://${server.socket}`,
        QFLEET_RUN: 'r',
        QFLEET_RUN_DIR: directory,
        QFLEET_LOG_LEVEL: 'info',
      };
      execFile(process.execPath, [MAIN], { env }, (error, _, stderr) =>
        resolve({ code: error?.code ?? 0, stderr }),
      );
    });

  it('on a finished run does nothing', async () => {
    await setPhase(redis, 'r', 'finished', 'solved');
    const { code, stderr } = await learner();
    expect(code).toBe(exitCodes.done);
    expect(stderr).toContain('Run r is finished (solved): there is nothing to train.');
    expect(await readPhase(redis, 'r')).toEqual({ phase: 'finished', reason: 'solved' });
    expect(existsSync(directory)).toBe(false);
  });

  it('in an empty directory refuses a run that is past its start', async () => {
    await redis.hset(fleetKeys('r').totals, 'updates', 5000);
    const { code, stderr } = await learner();
    expect(code).toBe(exitCodes.refused);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(
      `Run r is at update 5000, and QFLEET_RUN_DIR=${directory} has no checkpoint of it: give this learner the directory ` +
        'that the run was trained in, or begin another run with qfleet train --from.',
    );
    expect(existsSync(directory)).toBe(false);
  });

  it('in a directory without checkpoints refuses a run that has some', async () => {
    RunDirectory.create(directory, 'r', config);
    await redis.hset(fleetKeys('r').totals, 'updates', 5000, 'checkpoints', 2);
    const { code, stderr } = await learner();
    expect(stderr).toMatch(/Run r is at update 5000, .* has no checkpoint of it/);
    expect(code).toBe(exitCodes.refused);
  });
});
