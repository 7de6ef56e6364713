import { readFileSync } from 'node:fs';
import type { RedisOptions } from 'ioredis';
import { FleetConfigurationError, messageOf } from '../errors.ts';
import { parseRedisUrl, type RedisUrl } from './parse-redis-url.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Connection options of a Redis URL (`parseRedisUrl`) and the environment:
 *
 * - QFLEET_REDIS_USERNAME, and QFLEET_REDIS_PASSWORD or QFLEET_REDIS_PASSWORD_FILE, where the URL has none.
 * - QFLEET_REDIS_CA, QFLEET_REDIS_CERT, QFLEET_REDIS_KEY: PEM files for TLS; QFLEET_REDIS_SERVERNAME: the name
 *   that the server's certificate must have, where it is not the URL's host.
 *
 * @throws FleetConfigurationError naming what is wrong; it never shows the password.
 */
export function redisOptionsOf(url: string, env: Env = process.env): RedisOptions {
  const parsed = parseRedisUrl(url);
  if (parsed.kind === 'cluster')
    throw new FleetConfigurationError('The Redis URL is that of a cluster: use redis://host:port here.');
  const options: RedisOptions = { ...credentials(parsed, env), db: parsed.db };
  if (parsed.kind === 'socket') return { ...options, path: parsed.path };
  const [address] = parsed.nodes;
  return { ...options, ...address, ...(parsed.tls ? { tls: tlsOf(address.host, env) } : {}) };
}

/** Where to begin with a cluster, and how to connect to each of its nodes. */
export interface ClusterAddress {
  readonly nodes: RedisUrl['nodes'];
  readonly options: RedisOptions;
}

/**
 * As `redisOptionsOf`, of a URL of a Redis Cluster, which names any of its nodes: from those the others are learned. Null
 * for any other URL.
 *
 * @throws FleetConfigurationError naming what is wrong.
 */
export function clusterOf(url: string, env: Env = process.env): ClusterAddress | null {
  const parsed = parseRedisUrl(url);
  if (parsed.kind !== 'cluster') return null;
  // Each node's certificate is held against its own host, unless a name is given for all.
  const { servername, ...secured } = parsed.tls ? tlsOf('', env) : {};
  const tls = env['QFLEET_REDIS_SERVERNAME'] ? { servername, ...secured } : secured;
  return { nodes: parsed.nodes, options: { ...credentials(parsed, env), ...(parsed.tls ? { tls } : {}) } };
}

/**
 * What tells one server, and the way to it, from another: all of the URL but its credentials.
 * @throws FleetConfigurationError naming what is wrong with the URL.
 */
export function addressOf(url: string): string {
  const { kind, tls, nodes, path, db } = parseRedisUrl(url);
  return JSON.stringify([kind, tls, nodes, path, db]);
}

/** The URL as it may be shown: without credentials. */
export function displayUrl(url: string): string {
  try {
    return parseRedisUrl(url).shown;
  } catch {
    return 'the given URL';
  }
}

function credentials(url: RedisUrl, env: Env): Pick<RedisOptions, 'username' | 'password'> {
  const file = env['QFLEET_REDIS_PASSWORD_FILE'];
  const password =
    url.password ||
    env['QFLEET_REDIS_PASSWORD'] ||
    (file && readSecret('QFLEET_REDIS_PASSWORD_FILE', file).trim());
  const username = url.username || env['QFLEET_REDIS_USERNAME'];
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function tlsOf(host: string, env: Env): NonNullable<RedisOptions['tls']> {
  const pem = (name: string): string | undefined => env[name] && readSecret(name, env[name]);
  const [ca, cert, key] = [pem('QFLEET_REDIS_CA'), pem('QFLEET_REDIS_CERT'), pem('QFLEET_REDIS_KEY')];
  return {
    servername: env['QFLEET_REDIS_SERVERNAME'] ?? host,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}

function readSecret(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FleetConfigurationError(`${variable}: ${file} cannot be read (${messageOf(cause)}).`, {
      cause,
    });
  }
}
