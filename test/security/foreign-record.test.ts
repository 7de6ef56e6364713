import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runConfigOf } from '@qfleet/config';
import { fleetKeys } from '@qfleet/fleet';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { type Ended, qfleet, temporaryDirectory } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';

const CONFIG = runConfigOf({ environment: { id: 'CartPole-v1' }, agent: { kind: 'dqn' } }, 'the test');

/** Processes that meet a run's record which somebody else wrote. */
async function withRecord(change: (config: typeof CONFIG) => void): Promise<{
  start(role: string, env?: Readonly<Record<string, string>>): Promise<Ended>;
}> {
  const server = await startRedis();
  const redis = new Redis(server.socket);
  onTestFinished(async () => {
    redis.disconnect();
    await server.stop();
  });
  const config = structuredClone(CONFIG);
  change(config);
  await redis.hset(
    fleetKeys('r').run,
    'config',
    JSON.stringify(config),
    'phase',
    'running',
    'startedAt',
    '1',
  );
  return {
    start: (role, env = {}) =>
      qfleet([role], {
        env: {
          QFLEET_REDIS_URL: `unix://${server.socket}`,
          QFLEET_REDIS_PASSWORD: '',
          QFLEET_RUN: 'r',
          ...env,
        },
      }),
  };
}

/** A module that leaves a file behind when it is imported. */
function moduleThatTells(): { readonly module: string; ran(): boolean } {
  const folder = temporaryDirectory();
  const [module, mark] = [join(folder, 'env.mjs'), join(folder, 'ran')];
  writeFileSync(module, `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(mark)}, '');`);
  return { module, ran: () => existsSync(mark) };
}

it.each(['actor', 'evaluator'])('an %s imports no module whose path stands in Redis', async (role) => {
  const { module, ran } = moduleThatTells();
  const { start } = await withRecord(({ environment }) => Object.assign(environment, { module }));
  const { code, stderr } = await start(role);
  expect(stderr).toMatch(
    /^Run r plays .* name the module on this machine as QFLEET_ENV_MODULE=\/path\/env\.ts/,
  );
  expect(code).toBe(2);
  expect(ran()).toBe(false);
});

it.each(['actor', 'evaluator'])(
  'an %s lets Python import no package that Redis alone names',
  { timeout: 120_000 },
  async (role) => {
    const cwd = temporaryDirectory();
    // What says that it ran: in place of a Python, a program that leaves a file behind.
    const [python, mark] = [join(cwd, 'python'), join(cwd, 'ran')];
    writeFileSync(python, `#!/bin/sh\ntouch ${mark}\nexit 1\n`, { mode: 0o755 });
    for (const id of ['gym:antigravity:Sky-v0', 'gym:antigravity/Sky-v0', 'gym:GymV26Environment-v0']) {
      const { start } = await withRecord(({ environment }) => Object.assign(environment, { id }));
      const refused = await start(role, { QFLEET_PYTHON: python, QFLEET_ENV_ID: 'gym:other/Sky-v0' });
      expect(refused.stderr).toContain(`Run r plays ${id}, for which Python imports a package`);
      expect(refused.stderr).toContain(`QFLEET_ENV_ID=${id}`);
      expect(refused.code).toBe(2);
      expect(existsSync(mark)).toBe(false);
    }
    const { start } = await withRecord(({ environment }) =>
      Object.assign(environment, { id: 'gym:antigravity/Sky-v0' }),
    );
    await start(role, { QFLEET_PYTHON: python, QFLEET_ENV_ID: 'gym:antigravity/Sky-v0' });
    expect(existsSync(mark)).toBe(true);
  },
);

it('an actor imports the module that its own environment names', async () => {
  const [there, here] = [moduleThatTells(), moduleThatTells()];
  const { start } = await withRecord(({ environment }) =>
    Object.assign(environment, { module: there.module }),
  );
  // It exports no environment: that it was tried is enough.
  const { stderr } = await start('actor', { QFLEET_ENV_MODULE: here.module });
  expect(stderr).toMatch(/has no default export/);
  expect([there.ran(), here.ran()]).toEqual([false, true]);
  const config = join(temporaryDirectory(), 'config.yaml');
  const other = moduleThatTells();
  writeFileSync(config, `environment: { id: x, module: ${other.module} }\nagent: { kind: dqn }\n`);
  await start('actor', { QFLEET_CONFIG: config });
  expect([there.ran(), other.ran()]).toEqual([false, true]);
});

it('no process connects to a server that stands in Redis alone', async () => {
  let connections = 0;
  const trap = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void trap.close());
  const { port } = trap.address() as { port: number };
  const { start } = await withRecord(({ replay }) => replay.shards.push(`redis://127.0.0.1:${port}`));
  const { code, stderr } = await start('actor');
  expect(stderr).toMatch(
    /names a replay shard, redis:\/\/127\.0\.0\.1:\d+, .* add its URL to QFLEET_REPLAY_SHARDS\.\n$/,
  );
  expect(code).toBe(2);
  expect(connections).toBe(0);
});

it.each([
  [
    'without a part that it needs',
    (config: typeof CONFIG) => Object.assign(config, { agent: {} }),
    /agent\.kind/,
  ],
  [
    'of an impossible size',
    ({ fleet }: typeof CONFIG) => Object.assign(fleet, { slotsPerActor: -1 }),
    /slotsPerActor/,
  ],
  [
    'of a network that no machine holds',
    ({ agent }: typeof CONFIG) => Object.assign(agent, { network: { kind: 'mlp', hidden: [1e9] } }),
    /agent\.network\.hidden\.0 is 1000000000; allowed: /,
  ],
])('an actor says in a line what is wrong with a record %s', async (_, change, named) => {
  const { start } = await withRecord(change);
  const { code, stderr } = await start('actor');
  expect(stderr).toMatch(named);
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^The record of run r in Redis is refused: .*\.$/);
  expect(code).toBe(2);
});
