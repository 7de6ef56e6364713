import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fleetKeys, replayPrefix } from '@qfleet/fleet';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/qfleet.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { infra } from './support/compose.ts';

const script = fileURLToPath(new URL('redis/credentials.sh', infra));
const RUN = 'guarded';

async function guardedRedis(): Promise<{ redis: TestRedis; credentials: string; admin: Redis }> {
  const credentials = join(temporaryDirectory(), 'credentials');
  execFileSync(script, [credentials]);
  const redis = await startRedis('--aclfile', join(credentials, 'users.acl'));
  const admin = new Redis(redis.socket, { username: 'admin', password: passwordOf(credentials, 'admin') });
  onTestFinished(async () => {
    admin.disconnect();
    await redis.stop();
  });
  return { redis, credentials, admin };
}

const passwordOf = (credentials: string, user: string): string =>
  readFileSync(join(credentials, user), 'utf8');

function startProcess(role: string, url: string, credentials: string, env: Readonly<Record<string, string>>) {
  const main = fileURLToPath(new URL(`../../apps/${role}/dist/main.js`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      QFLEET_REDIS_URL: url,
      QFLEET_REDIS_USERNAME: role,
      QFLEET_REDIS_PASSWORD_FILE: join(credentials, role),
      QFLEET_RUN: RUN,
      QFLEET_PROCESS_ID: role,
      QFLEET_LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit').then(([code]) => ({ role, code, errors })) };
}

it('a fleet trains with users that may do no more than they need', { timeout: 120_000 }, async () => {
  const { redis, credentials, admin } = await guardedRedis();
  const url = `unix://${redis.socket}`;
  const config = join(temporaryDirectory(), 'config.yaml');
  appendFileSync(
    config,
    [
      'environment: { id: CliffWalking-v1, options: { max_episode_steps: 200 } }',
      'agent: { kind: tabular, learningRate: 0.5 }',
      // So small that chunks are evicted.
      'replay: { capacity: 2000, minSize: 500 }',
      'evaluation: { every: 2000 }',
      'stop: { maxUpdates: 20000 }',
    ].join('\n'),
  );
  const fleet = [
    startProcess('learner', url, credentials, {
      QFLEET_CONFIG: config,
      QFLEET_RUN_DIR: join(temporaryDirectory(), 'run'),
    }),
    startProcess('actor', url, credentials, {}),
    startProcess('evaluator', url, credentials, {}),
  ];
  const exporter = startProcess('exporter', url, credentials, { QFLEET_EXPORTER_PORT: '0' });
  const port = async (): Promise<number> => {
    const keys = await admin.keys(`${fleetKeys(RUN).process('exporter:')}*`);
    return keys.length === 0 ? 0 : JSON.parse((await admin.get(keys[0])) ?? '{}').port;
  };
  await expect.poll(port, { timeout: 20_000 }).toBeGreaterThan(0);
  const address = `http://127.0.0.1:${await port()}/metrics`;
  const metrics = async (): Promise<string> => (await fetch(address)).text();
  await expect.poll(metrics, { timeout: 30_000 }).toMatch(/^qfleet_learner_updates_total\{.*\} [1-9]/m);

  // The actor hears of weights, rather than to ask for them.
  expect(await admin.pubsub('NUMSUB', fleetKeys(RUN).weights)).toEqual([fleetKeys(RUN).weights, 1]);

  expect(await Promise.all(fleet.map(({ ended }) => ended))).toEqual([
    { role: 'learner', code: 0, errors: '' },
    { role: 'actor', code: 0, errors: '' },
    { role: 'evaluator', code: 0, errors: '' },
  ]);
  const last = await metrics();
  expect(last).toMatch(/^qfleet_replay_evicted_transitions_total\{.*\} [1-9]/m);
  expect(last).toMatch(/^qfleet_evaluator_evaluations_total\{.*\} [1-9]/m);
  exporter.child.kill('SIGTERM');
  expect(await exporter.ended).toMatchObject({ code: 0, errors: '' });
  // Nothing that any of them asked for was refused.
  expect(await admin.acl('LOG')).toEqual([]);
});

it('and on a Redis Cluster too, with weights beyond what it lets wait for a subscriber', {
  timeout: 120_000,
}, async () => {
  const cluster = await startCluster(3);
  onTestFinished(() => cluster.stop());
  const credentials = join(temporaryDirectory(), 'credentials');
  execFileSync(script, [credentials]);
  const users = readFileSync(join(credentials, 'users.acl'), 'utf8').trim().split('\n');
  const nodes = cluster.client.nodes('master');
  for (const node of nodes) {
    await node.config('SET', 'client-output-buffer-limit', 'pubsub 64kb 32kb 1');
    // The default user stays what it is: the test's own.
    for (const [, name, ...rules] of users.map((line) => line.split(' ')))
      if (name !== 'default') await node.call('ACL', 'SETUSER', name, ...rules);
  }
  const config = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(
    config,
    [
      'environment: { id: CartPole-v1 }',
      // 4 MB of weights.
      'agent: { kind: dqn, updatesPerCall: 1, network: { kind: mlp, hidden: [1000, 1000] } }',
      'replay: { minSize: 500 }',
      'learner: { publishEvery: 10 }',
      'evaluation: { every: 50, episodes: 1 }',
      'stop: { maxUpdates: 150 }',
    ].join('\n'),
  );
  const fleet = [
    startProcess('learner', cluster.url, credentials, {
      QFLEET_CONFIG: config,
      QFLEET_RUN_DIR: join(temporaryDirectory(), 'run'),
    }),
    startProcess('actor', cluster.url, credentials, {}),
    startProcess('evaluator', cluster.url, credentials, {}),
    startProcess('exporter', cluster.url, credentials, { QFLEET_EXPORTER_PORT: '0' }),
  ];
  for (const { role, code, errors } of await Promise.all(fleet.slice(0, 3).map(({ ended }) => ended)))
    expect([role, code, errors]).toEqual([role, 0, '']);
  const { weights, fence, evaluations } = fleetKeys(RUN);
  expect(Number(await cluster.client.hget(weights, 'parts'))).toBeGreaterThan(1);
  expect(Number(await cluster.client.hget(weights, 'version'))).toBeGreaterThan(2);
  expect(await cluster.client.llen(evaluations)).toBeGreaterThan(0);
  // The learner that began kept its lease.
  expect(await cluster.client.get(fence)).toBe('1');
  for (const node of nodes) {
    const refused = ((await node.acl('LOG')) as unknown[][]).map(String);
    // From Redis 7.2 on the cluster's own subscriber tells its library's name, which ioredis has no option against.
    const own = refused.filter((each) => !/client\|setinfo.*ioredis-cluster\(subscriber\)/.test(each));
    expect(own).toEqual([]);
  }
});

it('refuses what is not a user’s business', async () => {
  const { redis, credentials } = await guardedRedis();
  const { weights, run, lease, process } = fleetKeys(RUN);
  const replay = replayPrefix(RUN);
  const refused: Record<string, string[][]> = {
    default: [['GET', run], ['INFO'], ['CONFIG', 'GET', '*']],
    exporter: [
      ['HSET', weights, 'version', '9'],
      ['SET', process('actor:x'), '{}'],
      ['MGET', `${replay}chunk:1`],
      ['EVAL', `return redis.call('HSET', KEYS[1], 'phase', 'failed')`, '1', run],
    ],
    evaluator: [
      ['HGET', weights, 'blob'],
      ['HGETALL', `${replay}meta`],
      ['SUBSCRIBE', weights],
      ['HSET', run, 'phase', 'failed'],
    ],
    actor: [
      ['MGET', `${replay}chunk:1`],
      ['HSET', weights, 'version', '9'],
      ['EVAL', `return redis.call('HSET', KEYS[1], 'version', '9')`, '1', weights],
      ['HSET', run, 'phase', 'failed'],
      ['SET', lease, 'me'],
      ['PUBLISH', weights, '9'],
      ['SUBSCRIBE', 'another'],
      ['SET', process('learner:x'), '{}'],
      ['KEYS', '*'],
      ['FLUSHALL'],
      ['SET', 'another', 'key'],
    ],
    learner: [
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['ACL', 'LIST'],
      ['SET', 'another', 'key'],
      ['KEYS', '*'],
    ],
  };
  for (const [user, commands] of Object.entries(refused)) {
    const credential = user === 'default' ? {} : { username: user, password: passwordOf(credentials, user) };
    const client = new Redis(redis.socket, { ...credential, enableReadyCheck: false });
    expect(await client.ping()).toBe('PONG');
    for (const [command, ...args] of commands) {
      await expect(client.call(command, ...args), `${user}: ${command} ${args.join(' ')}`).rejects.toThrow(
        /NOPERM|permissions|can't (access|run)/,
      );
    }
    client.disconnect();
  }
});

it('keeps the passwords that are there', () => {
  const folder = join(temporaryDirectory(), 'credentials');
  const read = () =>
    ['users.acl', 'learner', 'actor', 'evaluator', 'exporter', 'admin'].map((name) =>
      passwordOf(folder, name),
    );
  execFileSync(script, [folder]);
  const first = read();
  execFileSync(script, [folder]);
  expect(read()).toEqual(first);
  expect(new Set(first).size).toBe(6);
  // The ACL file holds hashes.
  for (const password of first.slice(1)) expect(first[0]).not.toContain(password);
});
