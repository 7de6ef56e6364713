import { checkRedis, connectRedis } from '@qfleet/fleet';

/** A connection to the Redis of a fleet. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** A connection to a Redis that a fleet can use. @throws FleetError: one sentence. */
export async function openRedis(url: string): Promise<Redis> {
  const redis = await connectRedis(url, { role: 'cli' });
  try {
    await checkRedis(redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
