import { Redis } from 'ioredis';
import { startRedis } from '../../../../test/support/redis.ts';

/** Redis servers that know nothing of each other, with a client each. */
export async function startServers(count: number): Promise<{ clients: Redis[]; stop(): Promise<void> }> {
  const servers = await Promise.all(Array.from({ length: count }, () => startRedis()));
  const clients = servers.map(({ socket }) => new Redis(socket));
  return {
    clients,
    async stop() {
      for (const client of clients) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
