import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

const short = ['--single', '--set', 'stop.solvedReturn=null'];

/** The folder of a finished run. */
async function finishedRun(updates: number): Promise<string> {
  const cwd = temporaryDirectory();
  const args = ['train', 'cliffwalking', ...short, '--max-updates', `${updates}`, '--run-dir', 'run'];
  expect((await qfleet(args, { cwd })).code).toBe(0);
  return cwd;
}

const configIn = (cwd: string) => loadRunConfig({ file: join(cwd, 'run/config.yaml') });
const summaryIn = (cwd: string) => JSON.parse(readFileSync(join(cwd, 'run/summary.json'), 'utf8'));
const rowsIn = (cwd: string) =>
  readFileSync(join(cwd, 'run/metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the settings of a run that goes on', () => {
  it('change where they may, and are recorded with the update', async () => {
    const cwd = await finishedRun(400);
    const done = await qfleet(['resume', 'run'], { cwd });
    expect(done.stdout).toMatch(/finished already.*\n {2}qfleet resume run --max-updates 800\n$/);
    expect(done.code).toBe(0);

    const args = ['resume', 'run', '--max-updates', '800', '--set', 'agent.learningRate=0.25'];
    const { code, stderr } = await qfleet(args, { cwd });
    expect(stderr).toContain(
      'From update 400 on, agent.learningRate: 0.5 → 0.25, stop.maxUpdates: 400 → 800.',
    );
    expect(code).toBe(0);
    expect(configIn(cwd)).toMatchObject({ agent: { learningRate: 0.25 }, stop: { maxUpdates: 800 } });
    const learningRate = { path: 'agent.learningRate', from: 0.5, to: 0.25 };
    expect(summaryIn(cwd)).toMatchObject({
      updates: 800,
      changes: [
        { ...learningRate, updates: 400 },
        { path: 'stop.maxUpdates', updates: 400 },
      ],
    });
    const changed = rowsIn(cwd).filter(({ changes }) => changes !== undefined);
    expect(changed).toMatchObject([{ updates: 400, changes: [learningRate, { to: 800 }] }]);

    // By hand is as good as by option.
    const file = join(cwd, 'run/config.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('maxUpdates: 800', 'maxUpdates: 1200'));
    const again = await qfleet(['resume', 'run'], { cwd });
    expect(again.stderr).toContain('From update 800 on, stop.maxUpdates: 800 → 1200.');
    expect(summaryIn(cwd)).toMatchObject({ updates: 1_200, changes: [{}, {}, { updates: 800, to: 1_200 }] });
  });

  it('are refused where they may not change, all at once and with the reason', async () => {
    const cwd = await finishedRun(400);
    const before = configIn(cwd);
    const set = [
      'seed=5',
      'environment.id=Taxi-v3',
      'agent.initialQ=1',
      'fleet.slots=32',
      'agent.learningRate=0.1',
    ];
    const args = ['resume', 'run', '--max-updates', '800', ...set.flatMap((each) => ['--set', each])];
    const { code, stdout, stderr } = await qfleet(args, { cwd });
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^error: seed is 0 and can't become 5 in a run that has begun, for .*: start a/),
      expect.stringMatching(
        /^error: environment\.id is CliffWalking-v1 and can't become Taxi-v3 .*, for the/,
      ),
      expect.stringMatching(
        /^error: agent\.initialQ is 0 and can't become 1 .*, for the values have left it/,
      ),
      expect.stringMatching(/^error: fleet\.slots is 16 and can't become 32 .*, for actors hold leases/),
    ]);
    expect(code).toBe(2);
    expect(configIn(cwd)).toEqual(before);
    expect(rowsIn(cwd).some(({ changes }) => changes !== undefined)).toBe(false);
  });
});

describe('the weights of another run', () => {
  it('are what a new one begins with, where they fit', async () => {
    const cwd = await finishedRun(800);
    for (const [from, dir] of [
      ['run', 'second'],
      ['run/checkpoints/best.safetensors', 'third'],
    ] as const) {
      const args = [
        'train',
        'cliffwalking',
        ...short,
        '--max-updates',
        '8',
        '--from',
        from,
        '--run-dir',
        dir,
      ];
      const { code, stdout, stderr } = await qfleet(args, { cwd });
      expect(code, stderr).toBe(0);
      // Eight updates of its own would not have got it there.
      expect(stdout).toMatch(/greedy return -13/);
    }

    const refused = async (from: string, says: RegExp) => {
      const args = ['train', 'taxi', '--single', '--from', from, '--run-dir', 'new'];
      const { code, stderr } = await qfleet(args, { cwd });
      expect(stderr).toMatch(says);
      expect(code).not.toBe(0);
      expect(existsSync(join(cwd, 'new'))).toBe(false);
    };
    await refused(
      'run',
      /^error: The weights of run don't fit this run\. .*"q" has shape \[48,4\].*takes \[500,6\].* What differs, theirs → this run's: environment\.id: CliffWalking-v1 → Taxi-v3\b/,
    );
    await refused('nowhere', /^error: There is no run directory and no checkpoint nowhere\.\n$/);
    await refused('run/config.yaml', /^error: The checkpoint run\/config\.yaml can't be read/);
  });
});

it('an environment that moved is found beside its run, or where --env says', async () => {
  const cwd = temporaryDirectory();
  const run = 'moved/runs/one';
  mkdirSync(join(cwd, 'project/src'), { recursive: true });
  cpSync(new URL('fixtures/drift.ts', import.meta.url).pathname, join(cwd, 'project/src/env.ts'));
  const set = ['agent.network.kind=mlp', 'replay.minSize=64'].flatMap((each) => ['--set', each]);
  const train = ['train', 'project/src/env.ts', '--single', '--max-updates', '8', ...set];
  const trained = await qfleet([...train, '--run-dir', 'project/runs/one'], { cwd });
  expect(trained.code, trained.stderr).toBe(0);
  const play = (...options: string[]) => qfleet(['eval', run, '--episodes', '1', ...options], { cwd });

  renameSync(join(cwd, 'project'), join(cwd, 'moved'));
  expect(await play()).toMatchObject({ code: 0, stderr: '' });

  renameSync(join(cwd, 'moved/src/env.ts'), join(cwd, 'elsewhere.ts'));
  const lost = await play();
  expect(lost.stderr).toMatch(/^error: There is no environment module .*env\.ts: say with --env PATH/);
  expect(lost.code).toBe(2);
  expect((await play('--env', 'elsewhere.ts')).code).toBe(0);
  const resumed = await qfleet(['resume', run, '--env', 'elsewhere.ts', '--max-updates', '16'], { cwd });
  expect(resumed.code, resumed.stderr).toBe(0);
  expect((await play()).code).toBe(0);
});
