import { FleetConfigurationError } from '../errors.ts';

/** A Redis URL in its parts, as they are meant: nothing is encoded any more. */
export interface RedisUrl {
  readonly kind: 'server' | 'cluster' | 'socket';
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  /** At least one, but of a socket; exactly one of a server. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** The socket's path; '' for all but that. */
  readonly path: string;
  readonly db: number;
  /** The URL as it may be shown: without user and password. */
  readonly shown: string;
}

const FORMS = 'use redis://host:port, rediss://host:port, redis-cluster://host:port,… or unix:///path';
/** What a user who is told so can do about it. No part of the URL is shown, as any may be part of the password. */
const ENCODE =
  'its user name or password holds a reserved character that has to be percent-encoded there ' +
  '(% as %25, / as %2F, ? as %3F, # as %23, @ as %40): encode it, or give the password in QFLEET_REDIS_PASSWORD';
const DEFAULT_PORT = 6379;

const refuse = (problem: string): FleetConfigurationError =>
  new FleetConfigurationError(`The Redis URL cannot be used: ${problem}.`);

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS, `redis-cluster://…host:port[,host:port]…`,
 * `rediss-cluster://…` and `unix:///path`; the database may also be an option, `?db=N`.
 * @throws FleetConfigurationError that shows no part of a user name or password.
 */
export function parseRedisUrl(url: string): RedisUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are looked for.
  if (/[\u0000-\u001f\u007f]/.test(url)) throw refuse('it holds a line break or another control character');
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(url) ?? [];
  if (scheme === undefined) throw refuse(`it has no scheme: ${FORMS}`);
  const name = scheme.toLowerCase();
  if (!/^(rediss?(-cluster)?|unix)$/.test(name)) throw refuse(`it begins with "${name}:": ${FORMS}`);
  const [, authority, path, query, fragment] = /^([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(rest)!;
  const at = authority.lastIndexOf('@');
  const kind = name === 'unix' ? 'socket' : name.endsWith('-cluster') ? 'cluster' : 'server';
  // One of / ? # in a password ends the authority early, and the @ that follows the password lies behind it. Where none
  // is given, the path of a socket may hold one.
  const behind = `${kind === 'socket' && authority === '' ? '' : path}${query ?? ''}${fragment ?? ''}`;
  if (behind.includes('@')) throw refuse(ENCODE);
  if (fragment !== undefined)
    throw refuse('it holds a #, which begins nothing in a Redis URL: write it as %23');
  const [, username, password = ''] = /^([^:]*):?(.*)$/.exec(authority.slice(0, Math.max(at, 0)))!;
  const hosts = authority.slice(at + 1);
  const db = databaseOf(kind, path, query);
  return {
    kind,
    tls: name.startsWith('rediss'),
    username: decode(username),
    password: decode(password),
    nodes: kind === 'socket' ? [] : nodesOf(hosts, kind),
    path: kind === 'socket' ? socketOf(hosts, path) : '',
    db,
    shown: `${name}://${hosts}${kind === 'socket' ? path : ''}${shownDatabase(kind, db)}`,
  };
}

function shownDatabase(kind: RedisUrl['kind'], db: number): string {
  if (db === 0) return '';
  return kind === 'socket' ? `?db=${db}` : `/${db}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(ENCODE);
  }
}

function socketOf(host: string, path: string): string {
  if (host !== '' && host !== 'localhost')
    throw refuse("a socket's path begins with a third slash, as in unix:///run/redis.sock");
  if (path === '' || path === '/') throw refuse('it names no socket, as unix:///run/redis.sock does');
  try {
    return decodeURIComponent(path);
  } catch {
    throw refuse("its socket's path holds a % that is no code: write it as %25");
  }
}

function nodesOf(hosts: string, kind: RedisUrl['kind']): RedisUrl['nodes'] {
  if (kind === 'server' && hosts.includes(','))
    throw refuse('it names several hosts: a cluster is redis-cluster://host:port,host:port');
  return hosts.split(',').map((node) => {
    const [, host, port] = /^(\[[\da-f:.]+\]|[^[\]:]*)(?::(.*))?$/i.exec(node) ?? [];
    if (host === undefined || port?.includes(':'))
      throw refuse('one of its hosts cannot be read (an IPv6 address is in brackets)');
    if (host === '') throw refuse(`it names no host: ${FORMS}`);
    // What no host name holds: blanks, quotes and the like.
    if (!URL.canParse(`redis://${host}`)) throw refuse('one of its hosts is no host name');
    const number = port ? Number(port) : DEFAULT_PORT;
    if (port && !(/^\d+$/.test(port) && number >= 1 && number <= 65_535))
      throw refuse('its port is no number from 1 to 65535 (a password stands before an @)');
    return { host: host.replace(/^\[(.*)\]$/, '$1'), port: number };
  });
}

function databaseOf(kind: RedisUrl['kind'], path: string, query = ''): number {
  const options = new URLSearchParams(query);
  const unknown = [...options.keys()].find((name) => name !== 'db');
  if (unknown !== undefined)
    throw refuse(
      `it has an option ${JSON.stringify(unknown.slice(0, 40))} that Qfleet does not know, which knows ?db=N alone: ` +
        'leave it out (TLS is rediss://, the rest QFLEET_REDIS_… variables)',
    );
  const named = [
    ...options.getAll('db'),
    ...(kind === 'socket' ? [] : [path.replace(/^\//, '')].filter(Boolean)),
  ];
  if (named.some((text) => !/^\d{1,9}$/.test(text)))
    throw refuse(
      `its database is no number from 0 up: leave it out, or write ${kind === 'socket' ? '?db=0' : '/0'}`,
    );
  const numbers = new Set(named.map(Number));
  if (numbers.size > 1) throw refuse('it names two databases: leave one out');
  const [db = 0] = numbers;
  if (kind === 'cluster' && db !== 0) throw refuse('a cluster has database 0 alone: leave the database out');
  return db;
}
