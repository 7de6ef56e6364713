import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectRedis } from '@qfleet/fleet';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Certificates, certificates } from '../support/certificates.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryDirectory } from '../support/qfleet.ts';
import { hasTls, startRedis } from '../support/redis.ts';
import { makeCredentials, trainSecured } from './support/secured-fleet.ts';

/** The Redis that set-up brings has no TLS. */
const it = test.skipIf(!hasTls());

/** For the connections of the test itself. */
function useEnv(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

const passwordOf = (credentials: string, role: string): string =>
  readFileSync(join(credentials, role), 'utf8').trim();

it('a fleet trains over TLS, each process as its own user', { timeout: 120_000 }, async () => {
  const folder = temporaryDirectory();
  const { ca, cert, key } = certificates(folder);
  const credentials = makeCredentials(folder);
  const port = await freePort();
  const redis = await startRedis(
    ...['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ca],
    ...['--tls-auth-clients', 'no', '--aclfile', join(credentials, 'users.acl')],
  );
  onTestFinished(() => redis.stop());
  const url = `rediss://localhost:${port}`;
  await trainSecured(url, ca, credentials, folder);

  useEnv({ QFLEET_REDIS_CA: ca });
  const asActor = url.replace('//', `//actor:${passwordOf(credentials, 'actor')}@`);
  const actor = await connectRedis(asActor, { role: 'test' });
  for (const command of [
    ['FLUSHALL'],
    ['CONFIG', 'GET', '*'],
    ['HSET', 'qfleet:{sealed:fleet}:weights', 'version', '9'],
  ]) {
    await expect(actor.call(...(command as [string]))).rejects.toThrow(/NOPERM/);
  }
  actor.disconnect();
  vi.stubEnv('QFLEET_REDIS_CA', '');
  await expect(connectRedis(url, { role: 'test' })).rejects.toThrow(
    /signed by nobody that this machine trusts/,
  );
});

it('a fleet trains on a Redis Cluster over TLS, each process as its own user', {
  timeout: 120_000,
}, async () => {
  const folder = temporaryDirectory();
  const tls = certificates(folder);
  const credentials = makeCredentials(folder);
  const admin = { username: 'admin', password: passwordOf(credentials, 'admin') };
  const cluster = await startCluster(3, {
    replicas: true,
    tls,
    admin,
    redis: [
      ...['--aclfile', join(credentials, 'users.acl')],
      ...['--masteruser', admin.username, '--masterauth', admin.password],
    ],
  });
  onTestFinished(() => cluster.stop());
  await trainSecured(cluster.url, tls.ca, credentials, folder);

  // Nothing that any of them asked for was refused, and the replicas have all that the primaries have.
  const nodes = cluster.servers.map(({ socket }) => new Redis(socket, admin));
  for (const node of nodes) expect(await node.acl('LOG')).toEqual([]);
  const sizes = (of: readonly Redis[]): Promise<number[]> => Promise.all(of.map((node) => node.dbsize()));
  const [primaries, replicas] = [nodes.slice(0, 3), nodes.slice(3)];
  expect(Math.max(...(await sizes(primaries)))).toBeGreaterThan(0);
  // Both are counted each time, for keys may expire meanwhile.
  const differences = async (): Promise<number[]> => {
    const [there, here] = [await sizes(primaries), await sizes(replicas)];
    return there.map((size, i) => size - here[i]);
  };
  await expect.poll(differences, { timeout: 20_000 }).toEqual([0, 0, 0]);
  for (const node of nodes) node.disconnect();
  useEnv({ QFLEET_REDIS_CA: '' });
  await expect(connectRedis(cluster.url, { role: 'test' })).rejects.toThrow(
    /^The certificate of Redis at rediss-cluster:\/\/\S+ is signed by nobody that this machine trusts \(\w+\): name its CA's file in QFLEET_REDIS_CA\.$/,
  );
});

const ANOTHER_HOST =
  /^The certificate of Redis at rediss-cluster:\/\/\S+ is for another host \(ERR_TLS_CERT_ALTNAME_INVALID\): use the name that stands in it, or give it in QFLEET_REDIS_SERVERNAME\.$/;

async function startTlsCluster(tls: Certificates, ...redis: string[]): Promise<TestCluster> {
  const cluster = await startCluster(2, { tls, redis });
  onTestFinished(() => cluster.stop());
  return cluster;
}

it('a Redis Cluster whose certificates are of another name is refused, unless that is given', async () => {
  const tls = certificates(temporaryDirectory(), 'redis.example');
  const { url } = await startTlsCluster(tls);
  useEnv({ QFLEET_REDIS_CA: tls.ca });
  await expect(connectRedis(url, { role: 'test' })).rejects.toThrow(ANOTHER_HOST);
  vi.stubEnv('QFLEET_REDIS_SERVERNAME', 'redis.example');
  const redis = await connectRedis(url, { role: 'test' });
  expect(await redis.set('key', 'value')).toBe('OK');
  redis.disconnect();
});

it('a Redis Cluster whose nodes call themselves by addresses is refused where certificates are of names', async () => {
  const tls = certificates(temporaryDirectory());
  const { url } = await startTlsCluster(tls, '--cluster-preferred-endpoint-type', 'ip');
  useEnv({ QFLEET_REDIS_CA: tls.ca });
  await expect(connectRedis(url, { role: 'test' })).rejects.toThrow(ANOTHER_HOST);
  vi.stubEnv('QFLEET_REDIS_SERVERNAME', 'localhost');
  const redis = await connectRedis(url, { role: 'test' });
  expect(await redis.set('key', 'value')).toBe('OK');
  redis.disconnect();
});
