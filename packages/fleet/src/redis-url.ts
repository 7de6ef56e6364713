import { readFileSync } from 'node:fs';
import type { RedisOptions } from 'ioredis';
import { FleetConfigurationError, messageOf } from './errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Connection options of a Redis URL and the environment:
 *
 * - `redis://[user:password@]host[:port][/db]`, `rediss://…` for TLS, `unix:///path/to/socket[?db=N]`.
 * - QFLEET_REDIS_USERNAME, and QFLEET_REDIS_PASSWORD or QFLEET_REDIS_PASSWORD_FILE, where the URL has none.
 * - QFLEET_REDIS_CA, QFLEET_REDIS_CERT, QFLEET_REDIS_KEY: PEM files for TLS; QFLEET_REDIS_SERVERNAME: the name
 *   that the server's certificate must have, where it is not the URL's host.
 *
 * @throws FleetConfigurationError naming what is wrong; it never shows the password.
 */
export function redisOptionsOf(url: string, env: Env = process.env): RedisOptions {
  const parsed = URL.parse(url);
  const forms = 'use redis://host:port, rediss://host:port, redis-cluster://host:port,… or unix:///path';
  if (!parsed) throw new FleetConfigurationError(`The Redis URL cannot be read: ${forms}.`);
  const options: RedisOptions = {
    ...credentials(parsed, env),
    db: databaseOf(parsed),
  };
  switch (parsed.protocol) {
    case 'unix:':
      return { ...options, path: decodeURIComponent(parsed.pathname) };
    case 'redis:':
    case 'rediss:': {
      const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1';
      const address = { ...options, host, port: Number(parsed.port || 6379) };
      return parsed.protocol === 'rediss:' ? { ...address, tls: tlsOf(host, env) } : address;
    }
    default:
      throw new FleetConfigurationError(
        `The Redis URL begins with ${JSON.stringify(parsed.protocol)}: ${forms}.`,
      );
  }
}

const CLUSTER = /^redis(s?)-cluster:\/\/(?:(.*)@)?([^@/?#]*)\/?$/;

/** Where to begin with a cluster, and how to connect to each of its nodes. */
export interface ClusterAddress {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly options: RedisOptions;
}

/**
 * As `redisOptionsOf`, of `redis-cluster://[user:password@]host:port[,host:port]…`, or `rediss-cluster://…` for TLS: any
 * nodes of a Redis Cluster, from which the others are learned. Null for any other URL.
 *
 * @throws FleetConfigurationError naming what is wrong.
 */
export function clusterOf(url: string, env: Env = process.env): ClusterAddress | null {
  if (!/^rediss?-cluster:/.test(url)) return null;
  const [, tls, userinfo, hosts] = CLUSTER.exec(url) ?? [];
  const nodes = hosts?.split(',') ?? [];
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  if (nodes.length === 0 || nodes.some((node) => !node || !URL.canParse(`redis://${user}${node}`))) {
    throw new FleetConfigurationError(
      'The Redis Cluster URL cannot be read: use redis-cluster://host:port,host:port or rediss-cluster://….',
    );
  }
  const addresses = nodes.map((node) => redisOptionsOf(`redis${tls}://${user}${node}`, env));
  const { host: _, port: __, db: ___, tls: secured, ...options } = addresses[0];
  return {
    nodes: addresses.map(({ host, port }) => ({ host: host!, port: port! })),
    options: secured ? { ...options, tls: ofAnyNode(secured, env) } : options,
  };
}

/** Each node's certificate is held against its own host, unless a name is given for all. */
function ofAnyNode({ servername, ...tls }: NonNullable<RedisOptions['tls']>, env: Env) {
  return env['QFLEET_REDIS_SERVERNAME'] ? { servername, ...tls } : tls;
}

/** The URL as it may be shown: without credentials. */
export function displayUrl(url: string): string {
  if (/^rediss?-cluster:/.test(url)) return url.replace(/\/\/.*@/, '//');
  const parsed = URL.parse(url);
  if (!parsed) return 'the given URL';
  parsed.username = '';
  parsed.password = '';
  parsed.search = '';
  return parsed.href;
}

function credentials(url: URL, env: Env): Pick<RedisOptions, 'username' | 'password'> {
  const file = env['QFLEET_REDIS_PASSWORD_FILE'];
  const password =
    decodeURIComponent(url.password) ||
    env['QFLEET_REDIS_PASSWORD'] ||
    (file && readSecret('QFLEET_REDIS_PASSWORD_FILE', file).trim());
  const username = decodeURIComponent(url.username) || env['QFLEET_REDIS_USERNAME'];
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

function databaseOf(url: URL): number {
  const text =
    url.protocol === 'unix:' ? (url.searchParams.get('db') ?? '') : url.pathname.replace(/^\/+/, '');
  if (!/^\d*$/.test(text)) {
    throw new FleetConfigurationError(
      `The Redis URL's database ${JSON.stringify(text)} is not a number: leave it out, or write redis://host:port/0.`,
    );
  }
  return Number(text);
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
