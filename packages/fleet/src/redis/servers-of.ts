import type { RedisClient } from '@qfleet/replay';
import { Cluster, type Redis } from 'ioredis';

/** The servers behind a client: a cluster's primaries, or the one that it is of. */
export const serversOf = (redis: RedisClient): Redis[] =>
  redis instanceof Cluster ? redis.nodes('master') : [redis];
