import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { startRedis } from '../../../test/support/redis.ts';

/** Refused before anything starts: exit code 2, a sentence on stderr, no run directory. */
async function expectRefused(
  args: readonly string[],
  says: RegExp,
  cwd = temporaryDirectory(),
): Promise<void> {
  const { code, stdout, stderr } = await qfleet(args, { cwd });
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^error: /);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
}

describe('qfleet train refuses', () => {
  it('an unknown preset, and suggests the nearest', () =>
    expectRefused(['train', 'cartpol'], /"cartpol".*cartpole/));

  it('an unknown environment, and suggests the nearest', () =>
    expectRefused(['train', 'cartpole', '--set', 'environment.id=CartPole-v9'], /CartPole-v9.*CartPole-v1/));

  it('malformed YAML, naming file, line and column', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'run.yaml'), 'seed: 1\nagent: [dqn\n');
    await expectRefused(['train', 'run.yaml'], /run\.yaml:3:1: malformed YAML/, cwd);
  });

  it('a wrong field of a file, naming it and the nearest right name', async () => {
    const cwd = temporaryDirectory();
    await writeFile(
      join(cwd, 'run.yaml'),
      'environment: { id: CartPole-v1 }\nagent: { kind: dqn, learningrate: 0.1 }\n',
    );
    await expectRefused(['train', 'run.yaml'], /run\.yaml:2:.*agent\.learningrate.*learningRate/, cwd);
  });

  it.each([
    ['agent.learningRate=fast', /agent\.learningRate/],
    ['agent.learningRate', /write path=value/],
    ['agent.lerningRate=0.1', /lerningRate.*learningRate/],
    ['fleet.actors=0', /fleet\.actors/],
    ['replay.sampling.kind=sometimes', /replay\.sampling\.kind.*uniform/],
  ])('--set %s', (override, says) => expectRefused(['train', 'cartpole', '--set', override], says));

  it('all that is wrong at once, a line each', async () => {
    const { code, stderr } = await qfleet([
      'train',
      'cartpole',
      '--set',
      'seed=-1',
      '--set',
      'fleet.actors=0',
    ]);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^error: .*seed|^error: .*fleet\.actors/),
      expect.stringMatching(/^error: .*seed|^error: .*fleet\.actors/),
    ]);
  });

  it('files that are not there', async () => {
    await expectRefused(['train', 'nowhere.yaml'], /nowhere\.yaml.*no such file/);
    await expectRefused(['train', 'nowhere.ts'], /no file .*nowhere\.ts/);
    await expectRefused(['train', 'some/where'], /some\/where is neither a preset/);
    await expectRefused(
      ['train', 'minatar/brekout'],
      /no environment minatar\/brekout: did you mean minatar\/breakout/,
    );
  });

  it('a module that exports no environment', async () => {
    const cwd = temporaryDirectory();
    await writeFile(join(cwd, 'env.js'), 'export const nothing = 1;\n');
    await expectRefused(['train', 'env.js'], /no default export/, cwd);
  });

  it('a run directory that holds something', async () => {
    const cwd = temporaryDirectory();
    await mkdir(join(cwd, 'full'));
    await writeFile(join(cwd, 'full', 'mine.txt'), 'mine');
    await expectRefused(['train', 'cartpole', '--run-dir', 'full'], /full is not empty/, cwd);
  });

  it('--single together with --redis', () =>
    expectRefused(['train', 'cartpole', '--single', '--redis', 'redis://127.0.0.1'], /--single.*--redis/));

  it('a Redis URL that is none', () =>
    expectRefused(['train', 'cartpole', '--redis', 'http://127.0.0.1'], /"http:".*redis:\/\/host/));
});

describe('a Redis password with a reserved character', () => {
  const url = 'redis://:hush/hush@127.0.0.1:1';

  it.each([
    ['train', 'cartpole', '--redis', url],
    ['train', 'cartpole', '--set', `replay.shards=["${url}"]`],
    ['top', '--redis', url],
    ['replay', 'inspect', url],
    ['replay', 'import', url, 'file.parquet'],
  ])('%s %s %s %s', async (...args) => {
    await expectRefused(args, /^(?!.*hush).*percent-encoded.*QFLEET_REDIS_PASSWORD/);
  });

  it.each(['actor', 'learner'])('%s', async (command) => {
    const { code, stderr } = await qfleet([command], { env: { QFLEET_REDIS_URL: url, QFLEET_RUN: 'r' } });
    expect(stderr).toMatch(/^(?!.*hush).*percent-encoded/);
    expect(code).toBe(2);
  });
});

it('a database that is not there', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const url = `unix://${redis.socket}?db=99`;
  await expectRefused(['train', 'cartpole', '--redis', url], /no database 99/);
  await expectRefused(['top', '--redis', url], /no database 99/);
  await expectRefused(
    ['train', 'cartpole', '--set', `replay.shards=["${url}"]`],
    /replay\.shards\.0: .*no database 99/,
  );
});

describe.each(['resume', 'eval', 'top'])('qfleet %s refuses', (command) => {
  it('a directory that is not there', () => expectRefused([command, 'nowhere'], /no directory nowhere/));

  it('a directory that is no run', () => expectRefused([command, '.'], /is no run directory/));
});

it('top wants to know which fleet', () => expectRefused(['top'], /Name the fleet: qfleet top RUN_DIR/));

it.each(['actor', 'learner', 'evaluator', 'exporter'])('%s wants its environment variables', (command) =>
  qfleet([command], { env: { QFLEET_REDIS_URL: '' } }).then(({ code, stderr }) => {
    expect(stderr).toMatch(/QFLEET_REDIS_URL is not set/);
    expect(code).toBe(2);
  }),
);

it('a Redis that does not answer fails at once, in one sentence', async () => {
  const cwd = temporaryDirectory();
  const { code, stdout, stderr } = await qfleet(
    ['train', 'cartpole', '--redis', 'redis://127.0.0.1:1', '--json'],
    {
      cwd,
    },
  );
  expect(stderr).toMatch(/^error: .*redis:\/\/127\.0\.0\.1:1 .*ECONNREFUSED.*start it/);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({ error: stderr.trim().replace('error: ', '') });
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
});

it('shows a stack trace only when asked to debug', async () => {
  const { stderr } = await qfleet(['eval', '.'], {
    env: { QFLEET_LOG_LEVEL: 'debug' },
    cwd: temporaryDirectory(),
  });
  expect(stderr).toMatch(/^ {4}at /m);
});
