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

async function guardedRedis(
  ...options: string[]
): Promise<{ redis: TestRedis; credentials: string; admin: Redis }> {
  const credentials = join(temporaryDirectory(), 'credentials');
  execFileSync(script, [credentials]);
  const redis = await startRedis('--aclfile', join(credentials, 'users.acl'), ...options);
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

/** Commands that each user may not give. */
function attacks(): Record<string, string[][]> {
  const keys = fleetKeys(RUN);
  const { weights, run, lease, fence, process, counted, processes, totals, episodes, returns } = keys;
  const replay = replayPrefix(RUN);
  const evil = (key: string): string[][] => [
    ['SET', key, 'x'],
    ['DEL', key],
    ['HSET', key, 'newest', '1000000000000'],
    ['HDEL', key, 'newest'],
    ['RENAME', key, 'another'],
    ['EXPIRE', key, '1'],
    ['EVAL', `return redis.call('HSET', KEYS[1], 'fence', '9e99')`, '1', key],
    ['EVAL', `return redis.call('DEL', '${key}')`, '0'],
  ];
  const server = [['KEYS', '*'], ['FLUSHALL'], ['CONFIG', 'GET', '*'], ['ACL', 'LIST'], ['SCRIPT', 'FLUSH']];
  const ofReplay = ['meta', 'sizes', 'writers', 'priorities', 'chunk:1'].map((name) => replay + name);
  return {
    health: [['GET', run], ['INFO'], ['CONFIG', 'GET', '*']],
    exporter: [
      ...server,
      ...[run, weights, lease, fence, ...ofReplay, `${replay}inbox`].flatMap(evil),
      ['SET', process('actor:x'), '{}'],
      ['MGET', `${replay}chunk:1`],
      ['RPUSH', `${replay}inbox`, 'x'],
    ],
    evaluator: [
      ...server,
      ...[run, weights, lease, fence, ...ofReplay, `${replay}inbox`].flatMap(evil),
      ['HGET', weights, 'blob'],
      ['HMGET', `${replay}meta`, 'layout'],
      ['SUBSCRIBE', weights],
      ['LRANGE', keys.evaluations, '0', '-1'],
      ['HGETALL', `${keys.queues}:rollouts:meta`],
      ['ZRANGE', processes, '0', '-1'],
    ],
    actor: [
      ...server,
      ...[run, weights, lease, fence, ...ofReplay].flatMap(evil),
      // Chunks are others'; so are the names they are written under.
      ['MGET', `${replay}chunk:1`],
      ['HGETALL', `${replay}writers`],
      ['HKEYS', `${replay}writers`],
      ['HSCAN', `${replay}writers`, '0'],
      // What others handed in can't be read, moved or taken away.
      ...[
        ['LRANGE', '0', '-1'],
        ['LINDEX', '0'],
        ['LPOP'],
        ['LTRIM', '1', '0'],
        ['LSET', '0', 'x'],
        ['DEL'],
      ].map(([command, ...args]) => [command, `${replay}inbox`, ...args]),
      ['GET', `${replay}inbox:x`],
      ['DEL', `${replay}inbox:x`],
      ['MSET', `${replay}meta`, 'x'],
      ['RPUSH', `${replay}sizes`, '1 1'],
      // Nor can it be learned who else there is.
      ['ZRANGE', processes, '0', '-1'],
      ['ZREMRANGEBYSCORE', processes, '-inf', '+inf'],
      ['SMEMBERS', keys.unended],
      ['GET', process('actor:x')],
      ['SET', process('learner:x'), '{}'],
      ['HSET', counted('learner:x'), 'updates', '1'],
      ['HSET', totals, 'updates', 'x'],
      ['HSET', returns, 'sum', 'x'],
      ['DEL', totals],
      ['XTRIM', episodes, 'MAXLEN', '0'],
      ['PUBLISH', weights, '9'],
      ['SUBSCRIBE', 'another'],
      ['SET', 'another', 'key'],
      ['HGETALL', `${keys.queues}:evaluations:meta`],
    ],
    learner: [...server, ['SET', 'another', 'key']],
  };
}

it('refuses what is not a user’s business', async () => {
  const { redis, credentials, admin } = await guardedRedis();
  const client = async (user: string): Promise<Redis> => {
    const password = user === 'health' ? 'any' : passwordOf(credentials, user);
    const made = new Redis(redis.socket, { username: user, password, enableReadyCheck: false });
    expect(await made.ping()).toBe('PONG');
    return made;
  };
  for (const [user, commands] of Object.entries(attacks())) {
    const attacker = await client(user);
    for (const [command, ...args] of commands) {
      const what = `${user}: ${command} ${args.join(' ')}`;
      await expect(attacker.call(command, ...args), what).rejects.toThrow(
        /NOPERM|ACL failure in script|The user executing the script can/,
      );
    }
    attacker.disconnect();
  }
  expect(await admin.dbsize()).toBe(0);
});

it('holds a function to the rules of its caller, so that functions alone would guard nothing', async () => {
  const { redis, credentials, admin } = await guardedRedis();
  const library = `#!lua name=doors
redis.register_function('into_meta', function(keys, args) return redis.call('HSET', keys[1], 'newest', args[1]) end)`;
  await admin.call('FUNCTION', 'LOAD', library);
  const meta = `${replayPrefix(RUN)}meta`;
  await admin.call('ACL', 'SETUSER', 'actor', `(+fcall ~${meta})`);
  const actor = new Redis(redis.socket, {
    username: 'actor',
    password: passwordOf(credentials, 'actor'),
    enableReadyCheck: false,
  });
  await expect(actor.call('FCALL', 'into_meta', '1', meta, '1')).rejects.toThrow(
    /ACL failure in script|The user executing the script can/,
  );
  await admin.call('ACL', 'SETUSER', 'actor', `(+hset ~${meta})`);
  expect(await actor.call('FCALL', 'into_meta', '1', meta, '1')).toBe(1);
  expect(await actor.hset(meta, 'newest', '2')).toBe(0);
  actor.disconnect();
});

it('takes nobody for the user that a client is without a name', async () => {
  const { redis } = await guardedRedis();
  for (const password of [undefined, 'any']) {
    const client = new Redis(redis.socket, {
      ...(password ? { password } : {}),
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    client.on('error', () => undefined);
    await expect(client.ping()).rejects.toThrow(/NOAUTH|WRONGPASS|Connection is closed/);
    client.disconnect();
  }
});

it('has what a script or a transaction wrote again after a restart of Redis', async () => {
  const { redis, admin, credentials } = await guardedRedis('--appendonly', 'yes', '--appendfsync', 'always');
  const key = (name: string) => `qfleet:{${RUN}:fleet}:${name}`;
  const learner = new Redis(redis.socket, {
    username: 'learner',
    password: passwordOf(credentials, 'learner'),
  });
  onTestFinished(() => learner.disconnect());
  await learner.set(key('alone'), '1');
  await learner.multi().set(key('first'), '1').set(key('second'), '1').exec();
  const script = "redis.call('set', KEYS[1], 1) redis.call('set', KEYS[2], 1)";
  await learner.eval(script, 2, key('third'), key('fourth'));
  await redis.kill();
  await redis.start();
  const names = ['alone', 'first', 'second', 'third', 'fourth'];
  expect(await admin.mget(names.map(key))).toEqual(['1', '1', '1', '1', '1']);
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
