import { expect, it, onTestFinished } from 'vitest';
import { start, until } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';

it('metrics and health are served to this machine alone, unless told otherwise', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const answers = async (host: string, port: number): Promise<boolean> =>
    fetch(`http://${host}:${port}/metrics`).then(
      ({ ok }) => ok,
      () => false,
    );
  const serve = async (host: Readonly<Record<string, string>>): Promise<number> => {
    const exporter = start(['exporter'], {
      env: {
        QFLEET_REDIS_URL: `unix://${redis.socket}`,
        QFLEET_RUN: 'r',
        QFLEET_EXPORTER_PORT: '0',
        QFLEET_LOG_LEVEL: 'info',
        ...host,
      },
    });
    const serving = /"port":(\d+),.*Serving/;
    await until(exporter, () => serving.test(exporter.output.stderr), 'it serves');
    const port = Number(serving.exec(exporter.output.stderr)![1]);
    expect(await answers('127.0.0.1', port)).toBe(true);
    return port;
  };
  // Linux answers for all of 127.0.0.0/8: another of its addresses reaches who listens on every one.
  expect(await answers('127.0.0.2', await serve({}))).toBe(false);
  expect(await answers('127.0.0.2', await serve({ QFLEET_EXPORTER_HOST: '0.0.0.0' }))).toBe(true);
});
