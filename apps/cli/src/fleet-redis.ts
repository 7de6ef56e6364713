import { type ConnectOptions, connectRedis, type Logger } from '@qfleet/fleet';

/** A connection to the Redis, or Redis Cluster, of a fleet. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

/**
 * A connection to a Redis that a fleet can use.
 * @param log told of outages; left out: nobody is.
 * @param options how long one that does not answer is tried again; left out: not at all.
 * @throws FleetError: one sentence.
 */
export const openRedis = (
  url: string,
  log?: Logger,
  options: Pick<ConnectOptions, 'patience' | 'signal'> = {},
): Promise<Redis> => connectRedis(url, { role: 'cli', ...options, ...(log ? { log } : {}) });
