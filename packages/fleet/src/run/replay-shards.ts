import type { RedisClient, ShardAddress } from '@qfleet/replay';
import { FleetConfigurationError } from '../errors.ts';
import { replayPrefix } from '../keys.ts';
import { type ConnectOptions, connectRedis } from '../redis/connect.ts';

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
    const servers = await connectShards(urls, options);
    return new ReplayShards(
      urls.map((url, shard) => ({
        redis: servers.get(url)!,
        prefix: replayPrefix(run, shard),
      })),
      [...servers.values()],
    );
  }

  /** Ends the connections that it made. */
  close(): void {
    for (const server of this.servers) server.disconnect();
  }
}

/**
 * A connection to each of these servers, by its URL: shards on one server or cluster share it.
 * @throws FleetError as `connectRedis`, for the first server that can't be used; then none is left open.
 */
export async function connectShards(
  urls: readonly string[],
  options: ConnectOptions,
): Promise<ReadonlyMap<string, RedisClient>> {
  const unique = [...new Set(urls)];
  const results = await Promise.allSettled(unique.map((url) => connectRedis(url, options)));
  const servers = new Map<string, RedisClient>();
  results.forEach((result, i) => {
    if (result.status === 'fulfilled') servers.set(unique[i], result.value);
  });
  const failed = results.findIndex((result) => result.status === 'rejected');
  if (failed < 0) return servers;
  for (const server of servers.values()) server.disconnect();
  const { reason } = results[failed] as PromiseRejectedResult;
  if (!(reason instanceof FleetConfigurationError)) throw reason;
  throw new FleetConfigurationError(`replay.shards.${urls.indexOf(unique[failed])}: ${reason.message}`);
}
