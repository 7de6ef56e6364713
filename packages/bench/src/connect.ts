import { connectRedis } from '@qfleet/fleet';

/** A connection to a Redis server. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/**
 * A connection of a benchmark to a Redis server.
 * @throws FleetError: one sentence.
 */
export const openRedis = (url: string): Promise<Redis> => connectRedis(url, { role: 'bench' });
