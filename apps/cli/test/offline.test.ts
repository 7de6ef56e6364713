import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadRunConfig } from '@qfleet/config';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Ended, main, qfleet } from '../../../test/support/qfleet.ts';
import { readOffline } from '../src/offline/read.ts';
import { sharedDirectory } from './support/shared-directory.ts';

const cwd = sharedDirectory();
const DATA = 'played/replay/000000000000.parquet';
const short = ['--set', 'evaluation.episodes=1', '--set', 'stop.solvedReturn=null', '--json'];
let warnings = '';

const run = (...args: string[]): Promise<Ended> => qfleet(args, { cwd });
const offline = (from: string, dir: string, updates: number): Promise<Ended> =>
  run('train', 'cartpole', '--offline', from, '--run-dir', dir, '--max-updates', `${updates}`, ...short);

function summaryOf({ code, stdout, stderr }: Ended) {
  expect(stderr).not.toContain('error');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  const args = [
    ...['train', 'cartpole', '--single', '--keep-replay', '--run-dir', 'played', '--max-steps', '2000'],
    ...[...short, '--set', 'agent.cql.alpha=1'],
  ];
  ({ stderr: warnings } = await promisify(execFile)(process.execPath, [main, ...args], { cwd }));
}, 60_000);

it('warns of the term for offline learning in a run that plays', () => {
  expect(warnings).toMatch(/^agent\.cql is set, and this run plays: .*--offline.*$/m);
});

describe('qfleet train --offline', { timeout: 60_000 }, () => {
  it('learns the same from the same file and seed, and goes on as if it had not been interrupted', async () => {
    const [first, second, part] = (
      await Promise.all([
        offline(DATA, 'first', 64),
        offline(DATA, 'second', 64),
        offline('played', 'part', 32),
      ])
    ).map(summaryOf);
    expect(second.weightsHash).toBe(first.weightsHash);
    expect(part.weightsHash).not.toBe(first.weightsHash);
    // The same file elsewhere.
    cpSync(join(cwd, DATA), join(cwd, 'copy.parquet'));
    const launch = join(cwd, 'part/launch.json');
    writeFileSync(launch, readFileSync(launch, 'utf8').replace(DATA, 'gone.parquet'));
    const more = ['resume', 'part', '--max-updates', '64', '--json', '--offline', 'copy.parquet'];
    expect(summaryOf(await run(...more)).weightsHash).toBe(first.weightsHash);

    const { envSteps } = JSON.parse(readFileSync(join(cwd, 'played/summary.json'), 'utf8'));
    const { episodes, meanReturn, transitions, sources } = first.offline;
    expect(first.envSteps).toBe(0);
    expect(transitions).toBe(envSteps);
    expect(sources).toEqual([
      { path: join(cwd, DATA), transitions, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    // An episode's return is its length here, and all but each slot's last have ended.
    expect(episodes * meanReturn).toBeLessThanOrEqual(transitions);
    expect(episodes * meanReturn).toBeGreaterThan(transitions / 2);
    expect(readFileSync(join(cwd, 'first/curve.svg'), 'utf8')).not.toContain('environment steps');
  });

  it('refuses another task’s experience before it makes anything', async () => {
    const { code, stderr } = await run('train', 'lunarlander', '--offline', DATA);
    expect(stderr).toBe(
      `error: ${DATA} holds experience of CartPole-v1, of other spaces than LunarLander-v3: its observations are ` +
        'float32[4], here float32[8]; its actions are 2, here 4.\n',
    );
    expect(code).toBe(2);
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
  });

  it('learns from what a fleet has left on its Redis, which is what it exports', async () => {
    summaryOf(await run('train', 'cartpole', '--run-dir', 'fleet', '--max-steps', '1500', ...short));
    summaryOf(await run('replay', 'export', 'fleet', 'fleet.parquet', '--json'));
    const { offline: recorded } = summaryOf(await offline('fleet', 'from-fleet', 16));
    expect(recorded.transitions).toBeGreaterThanOrEqual(1500);
    const file = await readOffline([join(cwd, 'fleet.parquet')], loadRunConfig({ preset: 'cartpole' }), true);
    expect(file.recorded.sources[0].fingerprint).toBe(recorded.sources[0].fingerprint);
  });
});
