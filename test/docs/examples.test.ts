import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkSite } from '../../infra/site/check.mjs';
import { loadPolicy } from '../../packages/policy/src/index.ts';
import { qfleet, start, temporaryDirectory, until } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';
import { argumentsOf, commandsOf, read, repository } from './commands.ts';

/** A copy of an example's folder, where nothing of it was run yet. */
function copyOf(example: string): string {
  const cwd = temporaryDirectory();
  cpSync(join(repository, 'examples', example), cwd, { recursive: true });
  return cwd;
}

/** Runs the commands of an example in a copy of its folder, one after another. */
async function runExample(example: string): Promise<string> {
  const cwd = copyOf(example);
  for (const shown of commandsOf(`examples/${example}/README.md`)) {
    const args = argumentsOf(shown);
    // A command in a sentence is not one of the example's.
    if (args === null || !read(`examples/${example}/README.md`).includes(`\n${shown.text}\n`)) continue;
    const { code, stdout, stderr } = await qfleet(args, { cwd });
    expect(code, `${shown.text}\n${stderr}\n${stdout}`).toBe(0);
  }
  return cwd;
}

const summaryOf = (cwd: string, run: string) =>
  JSON.parse(readFileSync(join(cwd, run, 'summary.json'), 'utf8'));

it('each is listed', () => {
  const folders = readdirSync(join(repository, 'examples'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of folders) expect(read('examples/README.md')).toContain(`(${name}/README.md)`);
});

it('an environment of one’s own is checked, trained and played', { timeout: 120_000 }, async () => {
  const cwd = await runExample('own-environment');
  const { environment, evaluation } = summaryOf(cwd, 'runs/warehouse');
  expect(environment).toBe('Warehouse-v0');
  // The longest way is 8 places there and 8 back.
  expect(evaluation.mean).toBeGreaterThan(0.5);
});

it('an objective of one’s own is trained with, and counts', { timeout: 180_000 }, async () => {
  const cwd = await runExample('own-objective');
  expect(existsSync(join(cwd, 'wider.json'))).toBe(true);
  const named = (alpha: number) => `{kind: custom, name: advantage-learning, options: {alpha: ${alpha}}}`;
  const weightsBy = async (run: string, objective: string): Promise<string> => {
    const args = ['train', 'advantage-learning.ts', '--single', '--seed', '1', '--run-dir', run];
    const set = ['--max-updates', '50', '--set', `agent.objective=${objective}`];
    const { code, stderr } = await qfleet([...args, ...set], { cwd });
    expect(code, stderr).toBe(0);
    return summaryOf(cwd, run).weightsHash;
  };
  // Without a gap it is DQN, bit for bit.
  const plain = await weightsBy('runs/dqn', '{kind: expected}');
  expect(await weightsBy('runs/none', named(0))).toBe(plain);
  expect(await weightsBy('runs/half', named(0.5))).not.toBe(plain);
});

it('a sweep ends with the best setting', { timeout: 180_000 }, async () => {
  const cwd = await runExample('sweep');
  expect(summaryOf(cwd, 'runs/best').stopReason).toBe('maxUpdates');
});

it('a run learns from what another has played', { timeout: 120_000 }, async () => {
  const cwd = await runExample('offline');
  expect(summaryOf(cwd, 'runs/learned').offline.transitions).toBeGreaterThan(500);
});

it('a program trains and uses an agent by the library', { timeout: 120_000 }, () => {
  const cwd = copyOf('library-use');
  // As an installed package lies in a project.
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(join(repository, 'packages/qfleet'), join(cwd, 'node_modules/qfleet'));
  const output = execFileSync(process.execPath, ['train.ts'], { cwd, encoding: 'utf8' });
  expect(output).toMatch(
    /^update 200: return [\d.]+\nupdate 400: return [\d.]+\nreturn [\d.]+; leaning right, it pushes (right|left)\n$/,
  );
  expect(summaryOf(cwd, 'runs/first').updates).toBe(400);
});

it('a policy acts in Python as it does here', { timeout: 120_000 }, async () => {
  const cwd = await runExample('policy-in-python');
  const [, line] = /^python3 (.*)$/m.exec(read('examples/policy-in-python/README.md'))!;
  const acted = JSON.parse(execFileSync('python3', line.split(' '), { cwd, encoding: 'utf8' }));
  const policy = await loadPolicy(join(cwd, 'runs/first'));
  const { action, values } = policy.decide([0, 0, 0.02, 0]);
  expect(acted.action).toBe(action);
  for (const [i, value] of values.entries()) expect(acted.values[i]).toBeCloseTo(value, 4);
});

it('a policy plays in a page, which fetches nothing from elsewhere', { timeout: 120_000 }, async () => {
  const cwd = await runExample('policy-in-a-page');
  expect(readFileSync(join(cwd, 'page/index.html'), 'utf8')).toContain('<script');
  expect(checkSite(join(cwd, 'page'))).toEqual([]);
});

it('an actor joins a fleet from elsewhere', { timeout: 120_000 }, async () => {
  const redis = await startRedis();
  try {
    const url = `unix://${redis.socket}`;
    const [train, actor] = commandsOf('examples/two-machines/README.md').filter(({ text }) =>
      text.includes('10.0.0.5'),
    );
    const cwd = temporaryDirectory();
    const here = argumentsOf(train)!.map((word) => word.replace('redis://10.0.0.5:6379', url));
    const learns = start(here, { cwd });
    const run = () => /QFLEET_RUN=(\S+)/.exec(learns.output.stdout)?.[1];
    await until(learns, () => run() !== undefined, 'it says how to join');
    const env = { QFLEET_REDIS_URL: url, QFLEET_RUN: run()!, QFLEET_LOG_LEVEL: 'info' };
    const elsewhere = start(argumentsOf(actor)!, { env });
    expect((await learns.ended).code).toBe(0);
    const { code, stderr } = await elsewhere.ended;
    expect(code, stderr).toBe(0);
    expect(summaryOf(cwd, 'runs/far').updates).toBe(600);
  } finally {
    await redis.stop();
  }
});
