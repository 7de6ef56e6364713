import { connectRedis } from '@qfleet/fleet';

/** A connection to the Redis, or Redis Cluster, of a fleet. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/** A connection to a Redis that a fleet can use. @throws FleetError: one sentence. */
export const openRedis = (url: string): Promise<Redis> => connectRedis(url, { role: 'cli' });
