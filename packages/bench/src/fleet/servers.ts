import { openRedis, type Redis } from '../connect.ts';

/** The Redis servers of a measurement: the first is the run's own, and each holds a shard of the replay. */
export interface Servers {
  readonly urls: readonly string[];
  /** A connection to each. */
  readonly clients: readonly Redis[];
  /** Removes all that is on them. */
  readonly clear: () => Promise<void>;
}

/** Runs `measure` with a connection to each of these servers. */
export async function withClients<T>(
  urls: readonly string[],
  measure: (servers: Servers) => Promise<T>,
): Promise<T> {
  const clients = await Promise.all(urls.map((url) => openRedis(url)));
  const clear = async (): Promise<void> => {
    await Promise.all(clients.map((redis) => redis.flushall()));
  };
  try {
    return await measure({ urls, clients, clear });
  } finally {
    for (const redis of clients) redis.disconnect();
  }
}
