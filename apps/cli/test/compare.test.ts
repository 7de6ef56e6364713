import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConfigSource, loadRunConfig } from '@qfleet/config';
import { type MetricsRow, RunDirectory, type RunSummary } from '@qfleet/report';
import { describe, expect, it } from 'vitest';
import { type Ended, qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';

interface Written {
  readonly source?: ConfigSource;
  readonly set?: readonly string[];
  readonly returns?: readonly number[] | null;
  readonly changes?: RunSummary['changes'];
  readonly hasSummary?: boolean;
  /** Environment steps of the last row of its metrics. */
  readonly steps?: number;
}

/** Rows of training whose return rises evenly from 10 to `last`; the first has none yet. */
const rowsTo = (last: number, steps: number): MetricsRow[] =>
  [0, 1, 2, 3, 4].map((i) => ({
    ...{ time: i, steps: (steps * i) / 4, updates: 50 * i, episodes: 2 * i },
    ...{ meanReturn: i === 0 ? null : 10 + ((last - 10) * i) / 4, returnStd: i === 0 ? null : 1 },
    ...{ epsilon: 0.1, loss: 0.5, meanAbsTdError: 0.1, meanQ: 1, replayTransitions: 250 * i },
  }));

/** Writes the directory of a run of some seed that ended with these returns; null: it was interrupted. */
function writeRun(
  folder: string,
  name: string,
  seed: number,
  {
    source = { preset: 'cartpole' },
    set = [],
    returns = [100 + seed],
    changes = [],
    hasSummary = true,
    steps = 1_000,
  }: Written = {},
): void {
  const config = loadRunConfig(source, [`seed=${seed}`, ...set]);
  using directory = RunDirectory.create(join(folder, name), `id-${name}`, config);
  const mean = returns === null ? 0 : returns.reduce((sum, value) => sum + value, 0) / returns.length;
  for (const row of rowsTo(mean, steps)) directory.appendMetrics(row);
  if (!hasSummary) return;
  directory.writeSummary({
    ...{ run: directory.run, name: config.name, environment: config.environment.id, seed },
    versions: { qfleet: '0.1.0', node: '24.0.0', tensorflow: null, runtime: 'wasm' },
    ...{ envSteps: 1_000, updates: 200, wallSeconds: 6, trainingSeconds: 5, restarts: 0 },
    ...{ stopReason: returns === null ? 'interrupted' : 'maxUpdates', solved: false, changes },
    evaluation:
      returns === null ? null : { episodes: returns.length, returns: [...returns], mean, std: 0, seed: 9 },
    ...{ best: null, weightsHash: null },
  });
}

interface Document {
  environment: string;
  goal: number | null;
  groups: {
    name: string;
    runs: { path: string; seed: number; score: number }[];
    mean: number;
    iqm: { value: number; interval: { low: number; high: number } | null };
    optimalityGap: { value: number; interval: object | null } | null;
    profile: { value: number }[];
    curve: { steps: number; value: number; interval: { low: number; high: number } | null }[];
  }[];
  improvements: { group: string; over: string; value: number; interval: object | null }[];
  thresholds: number[];
}

async function compared(cwd: string, ...args: string[]): Promise<Document> {
  const { code, stdout, stderr } = await qfleet(['compare', ...args, '--json'], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Document;
}

function expectRefused({ code, stdout, stderr }: Ended, says: RegExp): void {
  expect(stderr).toMatch(says);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

describe('qfleet compare', { timeout: 60_000 }, () => {
  it('groups runs whose configuration is equal but for the seed, and says how they did', async () => {
    const cwd = temporaryDirectory();
    for (const [i, score] of [480, 470, 300, 499].entries()) {
      writeRun(cwd, `a${i}`, i, { returns: [score - 1, score + 1] });
    }
    for (const [i, score] of [200, 480].entries()) {
      writeRun(cwd, `b${i}`, i, { returns: [score], set: ['agent.nSteps=1'] });
    }
    const document = await compared(cwd, 'a0', 'a1', 'b0', 'a2', 'a3', 'b1');
    expect(document.environment).toBe('CartPole-v1');
    const [a, b] = document.groups;
    expect([a.name, b.name]).toEqual(['cartpole (agent.nSteps=5)', 'cartpole (agent.nSteps=1)']);
    expect(a.runs.map(({ path, score }) => [path, score])).toEqual([
      ['a0', 480],
      ['a1', 470],
      ['a2', 300],
      ['a3', 499],
    ]);
    // Without the lowest and the highest of four; gaps below the preset's goal of 495.
    expect(a.iqm.value).toBeCloseTo(475, 9);
    expect(document.goal).toBe(495);
    expect(a.optimalityGap?.value).toBeCloseTo((15 + 25 + 195 + 0) / 4, 9);
    expect(a.iqm.interval?.low).toBeLessThan(475);
    expect(a.iqm.interval?.high).toBeGreaterThan(475);
    // The eight pairs: 480, 470, 300 and 499 each beat 200, 499 beats 480, and 480 equals it.
    expect(document.improvements).toEqual([
      { group: a.name, over: b.name, value: (4 + 1 + 0.5) / 8, interval: expect.anything() },
    ]);
    const at = document.thresholds.findIndex((threshold) => threshold > 300);
    expect(b.profile[at].value).toBe(0.5);
    expect(a.profile[at].value).toBe(0.75);
    expect(a.profile.at(-1)?.value).toBe(0);
    // Every run has ended an episode at 250 steps.
    const [first, last] = [a.curve[0], a.curve[a.curve.length - 1]];
    expect([first.steps, last.steps]).toEqual([250, 1_000]);
    expect(last.value).toBeCloseTo(475, 9);
    expect(last.interval?.low).toBeLessThan(475);
  });

  it('lets a run that has ended keep its last return in the curve', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'short', 1, { returns: [210], steps: 400 });
    writeRun(cwd, 'long', 2, { returns: [110], steps: 2_380 });
    const [{ curve }] = (await compared(cwd, 'short', 'long')).groups;
    // From where the long one has a return, 100 points to where it ends.
    expect(curve).toHaveLength(100);
    for (const i of [0, 45, 99]) {
      expect(curve[i].steps).toBeCloseTo(595 + (i / 99) * 1_785, 9);
      const long = 10 + 100 * (curve[i].steps / 2_380);
      expect(curve[i].value).toBeCloseTo((210 + long) / 2, 9);
      expect(curve[i].interval?.low).toBeCloseTo(long, 9);
      expect(curve[i].interval?.high).toBeCloseTo(210, 9);
    }
  });

  it('gives a single run no interval', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'a', 1);
    const { groups, improvements } = await compared(cwd, 'a');
    expect(groups[0].iqm).toEqual({ value: 101, interval: null });
    expect(groups[0].optimalityGap?.interval).toBeNull();
    expect(groups[0].curve.every(({ interval }) => interval === null)).toBe(true);
    expect(improvements).toEqual([]);
  });

  it('groups by name and by a field', async () => {
    const cwd = temporaryDirectory();
    for (const [i, nSteps] of [1, 3, 1].entries()) {
      writeRun(cwd, `r${i}`, i, { set: [`agent.nSteps=${nSteps}`, `agent.batchSize=${32 + i}`] });
    }
    const names = async (...by: string[]) =>
      (await compared(cwd, 'r0', 'r1', 'r2', ...by)).groups.map(({ name, runs }) => [name, runs.length]);
    expect(await names('--by', 'preset')).toEqual([['cartpole', 3]]);
    expect(await names('--by', 'agent.nSteps')).toEqual([
      ['agent.nSteps=1', 2],
      ['agent.nSteps=3', 1],
    ]);
    expect(await names()).toHaveLength(3);
    const misspelt = await qfleet(['compare', 'r0', '--by', 'agent.nStep'], { cwd });
    expectRefused(misspelt, /--by agent\.nStep: .*Did you mean agent\.nSteps\?/);
  });

  it('keeps a run whose settings were changed on the way apart, but not for what ends it', async () => {
    const cwd = temporaryDirectory();
    const change = (path: string, from: number, to: number) => ({
      changes: [{ path, from, to, updates: 50 }],
    });
    writeRun(cwd, 'a', 1);
    writeRun(cwd, 'longer', 2, change('stop.maxUpdates', 100, 25_000));
    writeRun(cwd, 'changed', 3, change('agent.learningRate', 0.1, 0.002));
    const { groups } = await compared(cwd, 'a', 'longer', 'changed');
    expect(groups.map(({ name, runs }) => [name, runs.length])).toEqual([
      ['cartpole', 2],
      ['cartpole (agent.learningRate: 0.1 → 0.002 at update 50)', 1],
    ]);
  });

  it('takes the goal of the environment where runs have none, and leaves the gap out where there is none at all', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'a', 1, { set: ['stop.solvedReturn=null'] });
    expect((await compared(cwd, 'a')).goal).toBe(475);
    writeRun(cwd, 'cliff', 1, { source: { preset: 'cliffwalking' }, set: ['stop.solvedReturn=null'] });
    const { goal, groups } = await compared(cwd, 'cliff');
    expect([goal, groups[0].optimalityGap]).toEqual([null, null]);
  });

  it('prints a table and comma-separated values, and writes all of it to a folder', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'a', 1);
    writeRun(cwd, 'b', 2);
    writeRun(cwd, 'c', 1, { set: ['name=other-x'], returns: [150] });
    const { code, stdout } = await qfleet(['compare', 'a', 'b', 'c', '--out', 'deep/out'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cartpole +2 +101\.5 +101\.0 to 102\.0 +101\.5 +1K +0:05 /m);
    expect(stdout).toMatch(/^other-x +1 +150\.0 +– /m);
    expect(stdout).toMatch(/^cartpole +other-x +0\.00 +–$/m);
    const read = (name: string): string => readFileSync(join(cwd, 'deep/out', name), 'utf8');
    const csv = await qfleet(['compare', 'a', 'b', 'c', '--csv'], { cwd });
    expect(csv.stdout).toBe(read('compare.csv'));
    const [head, first, second] = csv.stdout.split('\n').map((line) => line.split(','));
    expect(head.slice(0, 6)).toEqual(['group', 'runs', 'mean', 'iqm', 'iqm_low', 'iqm_high']);
    expect(first.slice(0, 6)).toEqual(['cartpole', '2', '101.5', '101.5', '101', '102']);
    expect(second.slice(0, 6)).toEqual(['other-x', '1', '150', '150', '', '']);
    expect(JSON.parse(read('compare.json'))).toEqual(await compared(cwd, 'a', 'b', 'c'));
    for (const name of ['curves.svg', 'profiles.svg']) {
      const picture = read(name);
      for (const text of ['>CartPole-v1<', '>cartpole<', '>other-x<', '95 % interval<', '</svg>']) {
        expect(picture).toContain(text);
      }
      expect(picture).not.toContain('NaN');
    }
  });

  it('refuses different tasks, and says in what they differ', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'pole', 1);
    writeRun(cwd, 'cliff', 1, { source: { preset: 'cliffwalking' } });
    expectRefused(
      await qfleet(['compare', 'pole', 'cliff'], { cwd }),
      /pole and cliff play different tasks, .*: environment\.id is CartPole-v1 and CliffWalking-v1/,
    );
    for (const [name, slippery] of [
      ['ice', true],
      ['dry', false],
    ] as const) {
      const set = [`environment.options.is_slippery=${slippery}`];
      writeRun(cwd, name, 1, { source: { preset: 'frozenlake' }, set });
    }
    expectRefused(
      await qfleet(['compare', 'ice', 'dry'], { cwd }),
      /environment\.options\.is_slippery is true and false\.$/m,
    );
  });

  it('says of a run without a final evaluation what to do', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'on', 1, { hasSummary: false });
    writeRun(cwd, 'cut', 1, { returns: null });
    mkdirSync(join(cwd, 'empty'));
    const said = (...args: string[]) => qfleet(['compare', ...args], { cwd });
    expectRefused(await said('on'), /on has no summary\.json, for its run has not ended: .*resume on/);
    expectRefused(await said('cut'), /cut has no final evaluation .*\(interrupted\): .*resume cut/);
    expectRefused(await said('empty'), /empty is no run directory/);
    expectRefused(await said('gone'), /There is no directory gone/);
    expectRefused(await said(), /missing required argument 'run-dirs'/);
  });

  it('refuses a run that is named twice, two documents, and a folder that cannot be made', async () => {
    const cwd = temporaryDirectory();
    writeRun(cwd, 'a', 1);
    writeFileSync(join(cwd, 'file'), '');
    const said = (...args: string[]) => qfleet(['compare', ...args], { cwd });
    expectRefused(await said('a', './a'), /a and \.\/a are the same run/);
    expectRefused(
      await said('a', '--csv', '--out', 'file'),
      /--out file: the folder can't be made \(EEXIST\)/,
    );
    const { code, stdout } = await said('a', '--csv', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: expect.stringContaining('choose one') });
  });

  it('compares runs that were trained', async () => {
    const cwd = temporaryDirectory();
    const train = (seed: string) =>
      qfleet(
        [
          'train',
          'cliffwalking',
          '--single',
          '--max-updates',
          '50',
          '--seed',
          seed,
          '--run-dir',
          seed,
          '--json',
        ],
        { cwd },
      );
    const summaries = (await Promise.all([train('1'), train('2')])).map(({ stdout }) => JSON.parse(stdout));
    const { groups } = await compared(cwd, '1', '2', '--out', 'out');
    expect(groups.map(({ name }) => name)).toEqual(['cliffwalking']);
    expect(groups[0].runs.map(({ score }) => score)).toEqual(
      summaries.map(({ evaluation }) => evaluation.mean),
    );
    expect(existsSync(join(cwd, 'out', 'curves.svg'))).toBe(true);
  });
});
