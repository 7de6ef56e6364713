import type { RedisClient, ShardAddress } from '@qfleet/replay';
import { type ConnectOptions, connectRedis } from './connect.ts';
import { replayPrefix } from './keys.ts';

/** Where a run's replay is, with a connection to each of its servers. */
export class ReplayShards {
  /** One a shard, in the order of the configuration. */
  readonly addresses: readonly ShardAddress[];
  /** The servers beside the run's own. */
  readonly servers: readonly RedisClient[];

  private constructor(addresses: readonly ShardAddress[], servers: readonly RedisClient[]) {
    this.addresses = addresses;
    this.servers = servers;
  }

  /**
   * @param redis the run's own server: it holds the replay where `urls` names none.
   * @param urls the run's `replay.shards`.
   * @throws FleetError as `connectRedis`, for the first server that can't be used.
   */
  static async connect(
    redis: RedisClient,
    run: string,
    urls: readonly string[],
    options: ConnectOptions,
  ): Promise<ReplayShards> {
    if (urls.length === 0) return new ReplayShards([{ redis, prefix: replayPrefix(run) }], []);
    // Shards on one server or cluster share a connection.
    const unique = [...new Set(urls)];
    const results = await Promise.allSettled(unique.map((url) => connectRedis(url, options)));
    const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) {
      for (const server of servers) server.disconnect();
      throw failure.reason;
    }
    return new ReplayShards(
      urls.map((url, shard) => ({
        redis: servers[unique.indexOf(url)],
        prefix: replayPrefix(run, shard),
      })),
      servers,
    );
  }

  /** Ends the connections that it made. */
  close(): void {
    for (const server of this.servers) server.disconnect();
  }
}
