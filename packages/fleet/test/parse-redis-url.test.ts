import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectRedis, displayUrl, FleetConfigurationError, ReplayShards } from '../src/index.ts';
import { parseRedisUrl } from '../src/redis/parse-redis-url.ts';
import { useRedis } from './support/fixture.ts';

const problemOf = (url: string): string => {
  try {
    parseRedisUrl(url);
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(FleetConfigurationError);
    return (error as Error).message;
  }
};

describe('a password in a Redis URL', () => {
  it.each([
    ['redis://:qqq%@host', 'a % that begins no code'],
    ['redis://:qqq%zz@host', 'a % that begins no code'],
    ['redis://:qqq%ff@host', 'bytes that are no UTF-8'],
    ['redis://:qqq/zzz@host:7792', '/'],
    ['redis://me:123/zzz@host:7792', '/ after what could be a port'],
    ['redis://:qqq#zzz@host:7792', '#'],
    ['redis://:qqq?zzz@host:7792', '?'],
    ['redis://me?zzz@host', '? in what could be a host'],
    ['redis://:qqq@zzz/qqq#zzz@host:7792', '@ / #'],
    ['rediss://:qqq/zzz@host:7792', '/ with TLS'],
    ['redis-cluster://:qqq/zzz@host:7792,other:7793', '/ of a cluster'],
    ['redis-cluster://me:12?zzz@host:7792', '? of a cluster'],
    ['unix://:qqq/zzz@/run/redis.sock', '/ of a socket'],
  ])('%s is refused: %s', (url) => {
    expect(problemOf(url)).toMatch(/percent-encoded.*% as %25.*QFLEET_REDIS_PASSWORD/);
    expect(problemOf(url)).not.toMatch(/qqq|zzz/);
    expect(displayUrl(url)).toBe('the given URL');
  });

  it('is taken as it is meant, whatever it holds, once it is encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (user, password) => {
        const url = `redis://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host:7000/3`;
        expect(parseRedisUrl(url)).toMatchObject({
          username: user,
          password,
          nodes: [{ host: 'host', port: 7000 }],
          db: 3,
        });
        expect(displayUrl(url)).toBe('redis://host:7000/3');
      }),
    );
  });

  it('needs no encoding for what nothing else can mean', () => {
    for (const password of ['a:b', 'a@b', '@', 'a b', 'ä€🔑', '!$&()*+,;=\'"<>[]{}|\\^`~'])
      expect(parseRedisUrl(`redis://:${password}@host`)).toMatchObject({
        password,
        nodes: [{ host: 'host' }],
      });
  });

  it('is never shown, whatever it holds, and never cut', () => {
    const secret = fc
      .array(fc.constantFrom('SECRET', '/', '?', '#', '%', '@', ':', ' ', ',', '[', '=', '&'), {
        minLength: 1,
      })
      .map((parts) => `SECRET${parts.join('')}SECRET`);
    const form = fc.constantFrom('redis://', 'rediss://', 'redis-cluster://', 'unix://', 'http://', '');
    expect(displayUrl('unix://:SECRET@/SECRET@host')).not.toMatch(/SECRET/);
    fc.assert(
      fc.property(secret, form, fc.constantFrom('host', 'host:1/2', ''), (password, scheme, rest) => {
        const url = `${scheme}:${password}@${rest}`;
        expect(displayUrl(url)).not.toMatch(/SECRET/);
        let taken: string;
        try {
          taken = parseRedisUrl(url).password;
        } catch (error) {
          expect((error as Error).message).not.toMatch(/SECRET/);
          return;
        }
        expect(taken).toBe(decodeURIComponent(password));
      }),
    );
  });
});

describe('a Redis URL is refused', () => {
  it.each([
    ['', /no scheme: use redis:\/\/host/],
    ['localhost:6379', /no scheme/],
    ['http://host', /begins with "http:"/],
    ['redis-sentinel://host', /begins with "redis-sentinel:"/],
    ['redis:host', /no scheme/],
    ['redis://', /names no host/],
    ['redis://:6379', /names no host/],
    ['redis:///3', /names no host/],
    ['redis://:hush@', /names no host/],
    ['redis://host:0', /port is no number from 1 to 65535/],
    ['redis://host:65536', /port is no number/],
    ['redis://host:99999', /port is no number/],
    ['redis://host:-1', /port is no number/],
    ['redis://host:1e3', /port is no number/],
    ['redis://user:hush', /port is no number.*before an @/],
    ['redis://ho st', /is no host name/],
    ['redis://::1', /IPv6 address is in brackets/],
    ['redis://host/x', /database is no number/],
    ['redis://host/1/2', /database is no number/],
    ['redis://host/-1', /database is no number/],
    ['redis://host/1.5', /database is no number/],
    ['redis://host?db=', /database is no number/],
    ['redis://host/1?db=2', /names two databases/],
    ['redis://host?db=1&db=2', /names two databases/],
    ['redis://host#1', /holds a #/],
    ['redis://host\n', /line break/],
    ['redis://host?timeout=5', /an option "timeout" that Qfleet does not know/],
    ['redis://host/1?db=1&ssl_cert_reqs=none', /an option "ssl_cert_reqs"/],
    ['rediss://host?tls=false', /an option "tls"/],
    ['redis://host?=', /an option ""/],
    ['redis://host?DB=1', /an option "DB"/],
    ['unix:///run/redis.sock?password=hush', /an option "password"/],
    ['unix:///run/redis.sock?db=x', /database is no number.*\?db=0/],
    ['unix://run/redis.sock', /third slash/],
    ['unix://', /names no socket/],
    ['unix:///run/%', /write it as %25/],
    ['redis://a:1,b:2', /several hosts: a cluster is redis-cluster:/],
    ['redis-cluster://', /names no host/],
    ['redis-cluster://a:1,', /names no host/],
    ['redis-cluster://a:1,b:0', /port is no number/],
    ['redis-cluster://a:1,b:2/3', /a cluster has database 0 alone/],
    ['redis-cluster://a:1?db=3', /a cluster has database 0 alone/],
    ['redis-cluster://a:1?family=6', /an option "family"/],
  ])('%s', (url, says) => {
    expect(problemOf(url)).toMatch(says);
    expect(problemOf(url)).not.toMatch(/hush/);
  });
});

describe('a Redis URL names', () => {
  it.each([
    ['redis://host/3', 3],
    ['redis://host/', 0],
    ['redis://host?db=3', 3],
    ['REDIS://host/3?db=3', 3],
    ['unix:///run/redis.sock?db=3', 3],
    ['redis-cluster://a,b/0', 0],
  ])('%s: database %i', (url, db) => {
    expect(parseRedisUrl(url).db).toBe(db);
    // What is shown leads to the same database.
    expect(parseRedisUrl(displayUrl(url)).db).toBe(db);
  });

  it('a host, or a socket', () => {
    expect(parseRedisUrl('redis://[::1]:7').nodes).toEqual([{ host: '::1', port: 7 }]);
    expect(parseRedisUrl('redis://my_redis').nodes).toEqual([{ host: 'my_redis', port: 6379 }]);
    expect(parseRedisUrl('unix:///run/a@b.sock').path).toBe('/run/a@b.sock');
    expect(parseRedisUrl('unix://me:p%40ss@/run/a%20b.sock')).toMatchObject({
      username: 'me',
      password: 'p@ss',
      path: '/run/a b.sock',
    });
  });
});

describe('a database', () => {
  const fixture = useRedis();
  const url = (db: number) => `unix://${fixture.server.socket}?db=${db}`;
  const connect = (db: number) => connectRedis(url(db), { role: 'test' });

  it.each([16, 99, 999_999_999])('that does not exist is refused: %i', async (db) => {
    await expect(connect(db)).rejects.toThrow(FleetConfigurationError);
    await expect(connect(db)).rejects.toThrow(`This Redis has no database ${db}: name one that it has`);
  });

  it('of a shard, too, by its place in the configuration', async () => {
    const connecting = ReplayShards.connect(fixture.redis, 'r', [url(1), url(1), url(16)], { role: 'test' });
    await expect(connecting).rejects.toThrow(FleetConfigurationError);
    await expect(connecting).rejects.toThrow('replay.shards.2: This Redis has no database 16');
    await expect.poll(() => fixture.redis.client('LIST')).not.toMatch(/db=1 /);
    const malformed = ReplayShards.connect(fixture.redis, 'r', ['redis://:p/w@host'], { role: 'test' });
    await expect(malformed).rejects.toThrow(/^replay\.shards\.0: .*percent-encoded/);
  });

  it('that exists is the one that is used', async () => {
    const redis = await connect(15);
    await redis.set('here', 'yes');
    expect(await fixture.redis.get('here')).toBeNull();
    expect(await redis.get('here')).toBe('yes');
    redis.disconnect();
  });
});
