import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  connectRedis,
  createRun,
  displayUrl,
  FleetConfigurationError,
  readProcessEnv,
  redisOptionsOf,
  seedLeases,
} from '../src/index.ts';
import { clusterOf } from '../src/redis/redis-url.ts';
import { configOf, useRedis } from './support/fixture.ts';

describe('the environment of a process', () => {
  const good = { QFLEET_REDIS_URL: 'redis://h:1', QFLEET_RUN: 'r' };

  it('is read', () => {
    expect(readProcessEnv({ ...good, QFLEET_PROCESS_ID: 'actor-1', QFLEET_RUN_DIR: '/x' })).toMatchObject({
      redisUrl: 'redis://h:1',
      run: 'r',
      runDir: '/x',
      config: null,
      name: 'actor-1',
      id: expect.stringMatching(/^actor-1\../),
      logLevel: 'info',
      traceRatio: null,
    });
    const traced = { ...good, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4318' };
    expect(readProcessEnv(traced).traceRatio).toBe(0.01);
    expect(readProcessEnv({ ...traced, OTEL_TRACES_SAMPLER_ARG: '1' }).traceRatio).toBe(1);
    expect(readProcessEnv({ ...traced, OTEL_SDK_DISABLED: 'true' }).traceRatio).toBeNull();
    expect(readProcessEnv(good).id).not.toBe(readProcessEnv(good).id);
  });

  it.each([
    [{ ...good, QFLEET_REDIS_URL: '' }, /^QFLEET_REDIS_URL is not set/],
    [{ ...good, QFLEET_RUN: undefined }, /^QFLEET_RUN is not set/],
    [{ ...good, QFLEET_RUN: 'a b' }, /"a b"/],
    [{ ...good, QFLEET_PROCESS_ID: 'a b' }, /^QFLEET_PROCESS_ID is "a b"/],
    [{ ...good, QFLEET_LOG_LEVEL: 'loud' }, /^QFLEET_LOG_LEVEL is "loud"/],
    [{ ...good, OTEL_EXPORTER_OTLP_ENDPOINT: 'h:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT is "h:4318"/],
    [
      { ...good, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://h:4318', OTEL_TRACES_SAMPLER_ARG: 'all' },
      /^OTEL_TRACES_SAMPLER_ARG is "all"/,
    ],
  ])('is refused: %o', (env, message) => {
    expect(() => readProcessEnv(env)).toThrow(message);
    expect(() => readProcessEnv(env)).toThrow(FleetConfigurationError);
  });
});

describe('a Redis URL', () => {
  const fixture = useRedis();

  it('names host, port, database, user and password', () => {
    expect(redisOptionsOf('redis://user:p%40ss@host:7000/3', {})).toEqual({
      host: 'host',
      port: 7000,
      db: 3,
      username: 'user',
      password: 'p@ss',
    });
    expect(redisOptionsOf('redis://[::1]', {})).toEqual({ host: '::1', port: 6379, db: 0 });
    expect(redisOptionsOf('unix:///run/a%20b.sock?db=2', {})).toEqual({ path: '/run/a b.sock', db: 2 });
  });

  it('takes credentials and certificates from the environment and from files', () => {
    const file = join(fixture.server.folder, 'secret');
    writeFileSync(file, 'hidden\n');
    expect(
      redisOptionsOf('redis://h', { QFLEET_REDIS_USERNAME: 'actor', QFLEET_REDIS_PASSWORD_FILE: file }),
    ).toMatchObject({ username: 'actor', password: 'hidden' });
    expect(
      redisOptionsOf('rediss://h', { QFLEET_REDIS_CA: file, QFLEET_REDIS_SERVERNAME: 'name' }).tls,
    ).toEqual({ servername: 'name', ca: 'hidden\n' });
    expect(() => redisOptionsOf('rediss://h', { QFLEET_REDIS_CA: '/none' })).toThrow(
      /^QFLEET_REDIS_CA: \/none/,
    );
  });

  it('is refused in a sentence that shows no password', () => {
    for (const bad of ['', 'localhost:6379', 'http://a:hush@h', 'redis://a:hush@h/x']) {
      expect(() => redisOptionsOf(bad, {})).toThrow(FleetConfigurationError);
      expect(() => redisOptionsOf(bad, {})).not.toThrow(/hush/);
    }
    expect(displayUrl('redis://a:hush@h:1/2')).toBe('redis://h:1/2');
  });

  it('of a cluster names some of its nodes', () => {
    expect(clusterOf('redis://host:7000', {})).toBeNull();
    expect(clusterOf('redis-cluster://user:p%40ss@a:7000,b,[::1]:7002', {})).toEqual({
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
        { host: '::1', port: 7002 },
      ],
      options: { username: 'user', password: 'p@ss' },
    });
    expect(clusterOf('rediss-cluster://a,b', { QFLEET_REDIS_PASSWORD: 'x' })).toEqual({
      nodes: [
        { host: 'a', port: 6379 },
        { host: 'b', port: 6379 },
      ],
      options: { password: 'x', tls: {} },
    });
    const named = clusterOf('rediss-cluster://a,b', { QFLEET_REDIS_SERVERNAME: 'name' });
    expect(named?.options.tls).toEqual({ servername: 'name' });
    for (const bad of ['', 'a,', 'a:hush@b:x', 'a:hush@b/1', 'b?c']) {
      expect(() => clusterOf(`redis-cluster://${bad}`, {})).toThrow(FleetConfigurationError);
      expect(() => clusterOf(`redis-cluster://${bad}`, {})).not.toThrow(/hush/);
    }
    expect(displayUrl('redis-cluster://a:hu@sh@h:1,i:2')).toBe('redis-cluster://h:1,i:2');
  });

  it('leads to a connection, or to one sentence', async () => {
    const redis = await connectRedis(`unix://${fixture.server.socket}`, { role: 'test' });
    expect(await redis.ping()).toBe('PONG');
    expect(await redis.client('LIST')).toMatch(/name=qfleet-test/);
    redis.disconnect();
    await expect(connectRedis('unix:///nowhere.sock', { role: 'test' })).rejects.toThrow(/ENOENT/);
    await expect(connectRedis('redis-cluster://127.0.0.1:1,127.0.0.1:2', { role: 'test' })).rejects.toThrow(
      'No Redis answers at redis-cluster://127.0.0.1:1,127.0.0.1:2 (ECONNREFUSED)',
    );
  });

  it('leads through TLS, as an ACL user with the password from a file', async () => {
    const file = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;
    const { redis, server } = fixture;
    const tls = createServer(
      { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) },
      (client) => {
        client.on('error', () => undefined);
        const upstream = connect(server.socket);
        upstream.on('error', () => undefined);
        client.pipe(upstream).pipe(client);
      },
    );
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    onTestFinished(() => {
      vi.unstubAllEnvs();
      tls.close();
    });
    const secret = join(server.folder, 'password');
    writeFileSync(secret, 'hush');
    await redis.call('ACL', 'SETUSER', 'fleet', 'on', '>hush', '~qfleet:*', '+@all');
    const url = `rediss://localhost:${(tls.address() as AddressInfo).port}`;
    vi.stubEnv('QFLEET_REDIS_CA', file('cert.pem'));
    vi.stubEnv('QFLEET_REDIS_USERNAME', 'fleet');
    vi.stubEnv('QFLEET_REDIS_PASSWORD_FILE', secret);
    const connection = await connectRedis(url, { role: 'test' });
    expect(await connection.call('ACL', 'WHOAMI')).toBe('fleet');
    await createRun(connection, 'r', configOf());
    await seedLeases(connection, 'r', configOf().fleet);
    await expect(connection.set('elsewhere', '1')).rejects.toThrow(/NOPERM/);
    connection.disconnect();
    writeFileSync(secret, 'wrong');
    await expect(connectRedis(url, { role: 'test' })).rejects.toThrow(/refused the user name or password/);
  });

  it('is tried again for as long as the patience lasts', async () => {
    await fixture.server.kill();
    const connecting = connectRedis(`unix://${fixture.server.socket}`, { role: 'test', patience: 20 });
    await fixture.server.start();
    const redis = await connecting;
    expect(await redis.ping()).toBe('PONG');
    // From now on an outage is waited out.
    await fixture.server.kill();
    const reply = redis.set('after', 'outage');
    await fixture.server.start();
    expect(await reply).toBe('OK');
    redis.disconnect();
  });
});
