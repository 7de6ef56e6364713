import { type RunConfig, runSchema } from '@qfleet/config';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { startRedis, type TestRedis } from '../../../../test/support/redis.ts';

export const log = pino({ level: 'silent' });

/** A Redis of this test file's own, empty before each test; `connect` gives connections that are closed at the end. */
export function useRedis(): { server: TestRedis; redis: Redis; connect(): Redis } {
  const connections: Redis[] = [];
  const fixture = {
    connect(): Redis {
      const redis = new Redis(fixture.server.socket, { maxRetriesPerRequest: null });
      redis.on('error', () => undefined);
      connections.push(redis);
      return redis;
    },
  } as { server: TestRedis; redis: Redis; connect(): Redis };
  beforeAll(async () => {
    fixture.server = await startRedis();
    fixture.redis = fixture.connect();
  });
  beforeEach(async () => {
    await fixture.redis.flushall();
  });
  afterAll(async () => {
    for (const connection of connections) connection.disconnect();
    await fixture.server.stop();
  });
  return fixture;
}

/** CartPole's configuration with fields replaced. */
export function configOf(fleet: Partial<RunConfig['fleet']> = {}): RunConfig {
  const config = runSchema.parse({ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn' } });
  return { ...config, fleet: { ...config.fleet, ...fleet } };
}
