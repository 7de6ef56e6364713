import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, type Started, start, temporaryDirectory, until } from './support/qfleet.ts';
import { startRedis } from './support/redis.ts';

it('a fleet is started by hand, in any order, from environment variables', { timeout: 120_000 }, async () => {
  const redis = await startRedis();
  try {
    const url = `unix://${redis.socket}`;
    const directory = join(temporaryDirectory(), 'run');
    const env = {
      QFLEET_LOG_LEVEL: 'info',
      QFLEET_REDIS_URL: url,
      QFLEET_RUN: 'by-hand',
      QFLEET_EXPORTER_PORT: '0',
    };
    // Those that need the run wait for the learner to create it.
    const actors = [start(['actor'], { env }), start(['actor'], { env })];
    const evaluator = start(['evaluator'], { env });
    const exporter = start(['exporter'], { env });
    const wait = (process: Started) =>
      until(process, () => process.output.stderr.includes('Waiting for run by-hand'), 'it waits');
    await Promise.all([...actors, evaluator].map(wait));
    const learner = start(['learner'], {
      env: { ...env, QFLEET_CONFIG: 'cliffwalking', QFLEET_RUN_DIR: directory },
    });
    for (const { ended } of [learner, evaluator, ...actors]) {
      expect(await ended).toMatchObject({ code: 0 });
    }
    const top = await qfleet(['top', '--redis', url, '--json']);
    expect(JSON.parse(top.stdout)).toMatchObject({ run: 'by-hand', phase: 'finished', actors: [] });
    const played = await qfleet(['eval', directory, '--json']);
    expect(JSON.parse(played.stdout)).toMatchObject({ mean: -13, std: 0 });

    exporter.child.kill('SIGTERM');
    expect(await exporter.ended).toMatchObject({ code: 0 });

    const resumed = await qfleet(['resume', directory]);
    expect(resumed.stderr).toMatch(/no launch\.json/);
    expect(resumed.code).toBe(2);
  } finally {
    await redis.stop();
  }
});
