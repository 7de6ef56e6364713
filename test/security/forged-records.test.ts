import { replayPrefix } from '@qfleet/fleet';
import { Random } from '@qfleet/random';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { GuardedFleet, type User } from './support/guarded-fleet.ts';

const soak = process.env['QFLEET_SOAK'] === '1';
const SECONDS = soak ? 300 : 10;
const A_SECOND = 200;
const USERS: readonly User[] = ['actor', 'evaluator', 'exporter'];

const TEN_MB = 'x'.repeat(10_000_000);
const VALUES = [
  'null',
  '{',
  '[]',
  'text',
  '',
  '-1',
  '9007199254740991',
  '1e12',
  '9e99',
  'NaN',
  '-Infinity',
  `${'['.repeat(500)}${']'.repeat(500)}`,
  '{"updates":1e300,"returns":[1e308,1e308],"seed":0,"seconds":-1,"id":"a","slots":[-1]}',
  TEN_MB,
];
/** How to write a value as each of Redis's types, in place of what is there where that is allowed. */
const TYPES: Record<string, (redis: Redis, key: string, value: string) => Promise<unknown>> = {
  string: (redis, key, value) => redis.set(key, value),
  list: (redis, key, value) => redis.rpush(key, value),
  hash: (redis, key, value) => redis.hset(key, 'data', value, 'environmentSteps', value, '3', value),
  counter: (redis, key, value) => redis.hincrbyfloat(key, 'environmentSteps', value),
  set: (redis, key, value) => redis.sadd(key, value),
  zset: (redis, key, value) => redis.zadd(key, 1e12, value),
  stream: (redis, key, value) => redis.xadd(key, '*', 'report', value),
  future: (redis, key) => redis.xadd(key, '18446744073709551615-18446744073709551615', 'a', 'b'),
};

/** Every key of the run, those of its queues too, and some that are not there. */
async function keysOf(fleet: GuardedFleet): Promise<string[]> {
  const { keys } = fleet;
  const there = await fleet.admin.keys(`qfleet:{${fleet.run}:*`);
  const others = [
    ...['rollouts', 'evaluations'].flatMap((queue) =>
      [
        'wait',
        'active',
        'paused',
        'prioritized',
        'delayed',
        'failed',
        'completed',
        'stalled',
        'meta',
        'events',
      ]
        .concat(['marker', 'id', 'pc', 'stalled-check', 'limiter', 'repeat', 'forged'])
        .map((name) => `${keys.queues}:${queue}:${name}`),
    ),
    ...['actor:forged', 'evaluator:forged', 'exporter:forged'].flatMap((member) => [
      keys.process(member),
      keys.counted(member),
    ]),
    ...['inbox', 'inbox:forged', 'meta', 'writers'].map((name) => replayPrefix(fleet.run) + name),
    keys.evaluations,
    keys.episodes,
    keys.returns,
    keys.totals,
    keys.processes,
    keys.unended,
  ];
  return [...new Set([...there, ...others])].sort();
}

/** @returns whether Redis did it: the rest the user may not do, or the key is of another type. */
const tried = (doing: Promise<unknown>): Promise<boolean> =>
  doing.then(
    () => true,
    () => false,
  );

it('every key that a user may write, of every type and with any value, ends and stops nobody', {
  timeout: soak ? 3_600_000 : 240_000,
}, async () => {
  const seed = Number(process.env['QFLEET_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  console.info(`Forged records: repeat them with QFLEET_FUZZ_SEED=${seed}.`);
  const fleet = await GuardedFleet.start(
    'cliffwalking',
    '--set',
    'stop.solvedReturn=null',
    '--max-updates',
    '10000000',
  );
  for (const user of USERS) {
    const redis = fleet.as(user);
    const [keys, written] = [await keysOf(fleet), new Set<string>()];
    const forge = async (key: string, i: number): Promise<void> => {
      const random = new Random(Random.seed(seed, `${user} ${i}`));
      for (const [type, write] of Object.entries(TYPES)) {
        // All values in a soak; else one, another for each key and type, and the largest now and then.
        const most = VALUES.length - (random.integer(40) === 0 ? 0 : 1);
        for (const value of soak ? VALUES : [VALUES[random.integer(most)]]) {
          const removed = tried(redis.del(key));
          if (await tried(write(redis, key, value))) written.add(key);
          await removed;
        }
        if (type === 'zset') await tried(redis.zadd(key, 1e12, `actor:${i}`));
      }
    };
    if (soak) {
      for (const [i, key] of keys.entries()) {
        await forge(key, i);
        if (i % 20 === 0) await fleet.goesOn(`what the ${user} wrote to ${key}`);
      }
    } else {
      // A few at a time: a socket takes only so much of the largest values at once.
      for (let first = 0; first < keys.length; first += 4) {
        await Promise.all(keys.slice(first, first + 4).map((key, i) => forge(key, first + i)));
      }
    }
    // A user that may write nothing would prove nothing.
    expect(
      [...written].filter((key) => key.includes(`:${user}:`) || key.includes('queue')).length,
    ).toBeGreaterThan(0);
    await fleet.goesOn(`what the ${user} wrote to ${written.size} keys`);
  }
  const names = Array.from({ length: 20_000 }, (_, i) => `actor:a${i}`);
  await tried(fleet.as('actor').zadd(fleet.keys.processes, ...names.flatMap((name) => [1e12, name])));
  await fleet.goesOn('20,000 names of processes');
});

it(`${A_SECOND} forged records a second keep no fleet from learning`, {
  timeout: (SECONDS + 300) * 1000,
}, async () => {
  const [preset, goal] = soak ? ['cartpole', 475] : ['cliffwalking', -13];
  // It trains all the time, however soon it has learned what there is to learn.
  const limit = [
    '--set',
    'stop.solvedReturn=null',
    '--max-updates',
    '10000000',
    '--max-seconds',
    `${SECONDS}`,
  ];
  const fleet = await GuardedFleet.start(preset, ...limit);
  const { keys, training } = fleet;
  const redis = fleet.as('actor');
  const random = new Random(7);
  const value = (): string => VALUES[random.integer(VALUES.length - 1)];
  const forgeries: (() => Promise<unknown>)[] = [
    () => redis.set(keys.process(`actor:f${random.integer(1000)}`), value()),
    () => redis.zadd(keys.processes, Date.now() / 1000, `actor:f${random.integer(1000)}`),
    () => redis.sadd(keys.unended, value()),
    () => redis.xadd(keys.episodes, '*', 'report', value()),
    () => redis.hincrbyfloat(keys.totals, 'environmentSteps', '-1e30'),
    () => redis.hincrby(keys.returns, '3', '9007199254740991'),
    () => redis.hset(`${keys.queues}:rollouts:lease-${random.integer(8)}`, 'data', value()),
    () => redis.rpush(`${keys.queues}:rollouts:wait`, value()),
    () => redis.rpush(`${replayPrefix(fleet.run)}inbox`, value()),
    () => redis.mset(`${replayPrefix(fleet.run)}inbox:f${random.integer(100)}`, value()),
  ];
  const until = performance.now() + SECONDS * 1000;
  let forged = 0;
  for (let round = 0; performance.now() < until && training.child.exitCode === null; round++) {
    const done = await Promise.all(
      Array.from({ length: A_SECOND / 10 }, (_, i) =>
        tried(forgeries[(round * 20 + i) % forgeries.length]()),
      ),
    );
    forged += done.filter(Boolean).length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(forged).toBeGreaterThan(A_SECOND);
  const { code, stdout, stderr } = await training.ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).best.mean).toBeGreaterThanOrEqual(goal);
});
