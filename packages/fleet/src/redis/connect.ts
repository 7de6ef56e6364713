import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisClient } from '@qfleet/replay';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { backoff } from '../backoff.ts';
import { FleetConfigurationError, FleetError, messageOf } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { firstWords, wasCutOff } from './first-words.ts';
import { checkRedis } from './local/check.ts';
import { explainRedisError } from './local/explain.ts';
import { type ClusterAddress, clusterOf, displayUrl, redisOptionsOf } from './redis-url.ts';
import { serversOf } from './servers-of.ts';

export interface ConnectOptions {
  /** Shown by `CLIENT LIST`: actor, learner, cli, … */
  readonly role: string;
  /** Seconds for which a Redis that does not answer is tried again; 0: once. */
  readonly patience?: number;
  readonly log?: Logger;
  readonly signal?: AbortSignal;
}

/** With a packet lost on the way, a reply may never come: then the connection is made anew. */
const SOCKET_TIMEOUT_MS = 20_000;

/**
 * The error of a primary that a failover made a replica: a new connection to its address may lead to the new primary.
 */
const OF_A_REPLICA = /\bREADONLY You can't write|^MASTERDOWN |^UNBLOCKED /;
/** As long as it still leads to the replica, such a connection lasts for one command: then not so many are made. */
const REPLICA_PAUSE_MS = 500;

const urls = new WeakMap<RedisClient, string>();

/** The URL that `connectRedis` made a client of; undefined for another's client. */
export const urlOf = (redis: RedisClient): string | undefined => urls.get(redis);

/**
 * A connection that is up, to a Redis or a Redis Cluster that answered. From then on an outage is waited out: commands are kept and
 * sent (again) once Redis is back, tried with growing, jittered pauses. Whoever holds the connection bounds what it
 * keeps waiting.
 *
 * @throws FleetError, one sentence: not reachable, password refused, too old, set to evict keys, …;
 *   FleetConfigurationError for a URL that cannot be read.
 */
export async function connectRedis(url: string, options: ConnectOptions): Promise<RedisClient> {
  const cluster = clusterOf(url);
  const settings: Settings = {
    ...(cluster?.options ?? redisOptionsOf(url)),
    replyMapping: 'legacy',
    connectionName: `qfleet-${options.role}`,
    // CLIENT SETINFO is new in Redis 7.2: rules of an ACL that older servers read too can't allow it.
    disableClientInfo: true,
    connectTimeout: 5_000,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    // The command too is sent again: it was not carried out.
    reconnectOnError: (error) => (OF_A_REPLICA.test(error.message) ? 2 : false),
  };
  const until = performance.now() + (options.patience ?? 0) * 1000;
  for (let tries = 1; ; tries++) {
    try {
      const redis = cluster ? await connectCluster(cluster, settings) : await connectServer(settings);
      reportOutages(redis, options.log);
      urls.set(redis, url);
      return redis;
    } catch (error) {
      options.signal?.throwIfAborted();
      const pause = backoff(tries);
      if (!isUnreachable(error) || performance.now() + pause > until) {
        throw error instanceof FleetError ? error : new FleetError(explainRedisError(error, url));
      }
      if (tries === 1) options.log?.info(`Waiting for Redis at ${displayUrl(url)}: ${messageOf(error)}`);
      await sleep(pause, undefined, { ...(options.signal ? { signal: options.signal } : {}) });
    }
  }
}

type Settings = RedisOptions & { replyMapping: 'legacy' };

async function connectServer(settings: Settings): Promise<Redis> {
  let ofReplica = false;
  const reconnectOnError: Settings['reconnectOnError'] = (error) => {
    const action = settings.reconnectOnError!(error);
    // Replies to what was sent before the connection ends may be other errors.
    if (action !== false) ofReplica = true;
    return action;
  };
  const redis = await connectOnce({ ...settings, reconnectOnError }, false);
  redis.options.retryStrategy = (times) => {
    const pause = backoff(times, ofReplica ? REPLICA_PAUSE_MS : undefined);
    ofReplica = false;
    return pause;
  };
  return redis;
}

/** Commands wait out a failover as long as an outage of one server. */
async function connectCluster({ nodes }: ClusterAddress, settings: Settings): Promise<Cluster> {
  await findNode(nodes, settings);
  const options: ClusterOptions & { redisOptions: Settings } = {
    redisOptions: settings,
    lazyConnect: true,
    clusterRetryStrategy: () => null,
    maxRedirections: Number.POSITIVE_INFINITY,
    slotsRefreshTimeout: 5_000,
    // Certificates are of names.
    ...(settings.tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}),
  };
  const cluster = new Cluster([...nodes], options);
  // It is told by the promise.
  cluster.on('error', () => undefined);
  // A node that refuses (its certificate names another host, for example) closes the connection: only this event says
  // why.
  let refusal: unknown = null;
  const keep = (error: unknown): void => {
    if (!isUnreachable(error)) refusal ??= error;
  };
  cluster.on('node error', keep);
  try {
    await connected(cluster);
    for (const server of serversOf(cluster)) await checkRedis(server, true);
  } catch (error) {
    cluster.disconnect();
    throw refusal ?? error;
  }
  cluster.off('node error', keep);
  cluster.options.clusterRetryStrategy = (times) => backoff(times);
  return cluster;
}

/**
 * ioredis's own promise never settles where a node says that the cluster is down: it then only ends.
 * @throws CLUSTERDOWN, as commands would.
 */
async function connected(cluster: Cluster): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(new Error('CLUSTERDOWN a node says that the cluster is down'));
  // Where the connection itself fails, the other promise has said so by then.
  cluster.once('end', () => setImmediate(end));
  await Promise.race([cluster.connect(), promise]);
}

/**
 * Asks the nodes one after the other until one answers, since ioredis never says why a cluster cannot be reached.
 * @throws what is wrong with the last one.
 */
async function findNode(nodes: ClusterAddress['nodes'], settings: Settings): Promise<void> {
  let failure: unknown;
  for (const node of nodes) {
    try {
      const redis = await connectOnce({ ...settings, ...node }, true);
      redis.disconnect();
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function connectOnce(settings: Settings, asCluster: boolean): Promise<Redis> {
  const redis = new Redis({ ...settings, lazyConnect: true, retryStrategy: () => null });
  let failure: unknown = null;
  const keep = (error: unknown): void => {
    failure ??= error;
  };
  redis.on('error', keep);
  try {
    await redis.connect();
    await checkDatabase(redis, settings.db);
    await checkRedis(redis, asCluster);
  } catch (error) {
    redis.disconnect();
    const cause = error instanceof FleetError ? error : (failure ?? error);
    throw (wasCutOff(cause) && (await firstWords(settings))) || cause;
  }
  redis.off('error', keep);
  return redis;
}

/**
 * Selects the database: where ioredis fails to, it says nothing, and all commands go to database 0.
 * @throws FleetConfigurationError where there is no such database; what else Redis says against it.
 */
async function checkDatabase(redis: Redis, db: number | undefined): Promise<void> {
  if (!db) return;
  await redis.select(db).catch((error: unknown) => {
    if (!/^ERR .*(DB index|not an integer)/.test(messageOf(error))) throw error;
    throw new FleetConfigurationError(
      `This Redis has no database ${db}: name one that it has in the URL, from 0 up, or raise its \`databases\`.`,
    );
  });
}

/** One line when Redis goes and one when it is back, however many tries lie between. */
function reportOutages(redis: RedisClient, log: Logger | undefined): void {
  let away = false;
  let cause = 'the connection was closed';
  redis.on('error', (error: unknown) => {
    cause = messageOf(error);
  });
  redis.on('reconnecting', () => {
    if (!away) log?.warn(`Redis is away (${cause}): trying again.`);
    away = true;
  });
  redis.on('ready', () => {
    if (away) log?.warn('Redis is back.');
    away = false;
  });
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

function isUnreachable(error: unknown): boolean {
  const code = codeOf(error);
  return (
    (code !== undefined && /^(ECONN|EHOST|ENET|ETIMEDOUT|ENOENT|EAI_AGAIN|ENOTFOUND|EPIPE)/.test(code)) ||
    /^(LOADING|BUSY|CLUSTERDOWN|ERR max number of clients|Connection is closed|connect ETIMEDOUT|This Redis is a replica)/.test(
      messageOf(error),
    )
  );
}
