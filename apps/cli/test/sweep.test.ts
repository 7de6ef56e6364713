import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadRunConfig } from '@qfleet/config';
import { type CellResult, keyOf, SweepDirectory } from '@qfleet/sweep';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { askedFor, type SweepOptions } from '../src/sweep/asked.ts';
import { cellTable, estimate } from '../src/sweep/dry-run.ts';
import { SweepMeter, sweepView } from '../src/sweep/progress.ts';
import { reportCsv, reportDocument, reportOf, reportTable, writeReport } from '../src/sweep/report.ts';

const signals = { signal: new AbortController().signal, killed: new AbortController().signal };

/** A sweep of three settings and two seeds, of which cells ended with these returns, in their order; null: failed. */
function sweepWith(means: readonly (number | null)[]): SweepDirectory {
  const options = { seeds: '1..2', set: ['agent.nSteps=1,3,5', 'stop.maxUpdates=1000'] };
  const { plan } = askedFor('cartpole', options);
  const sweep = SweepDirectory.create(join(temporaryDirectory(), 'sweep'), plan);
  for (const [i, mean] of means.entries()) {
    const result: CellResult = {
      ...{ cell: plan.cells[i].id, rung: 0, stopReason: mean === null ? 'failed' : 'maxUpdates' },
      ...{ updates: 1_000, envSteps: 2_000, trainingSeconds: 10, wallSeconds: 12, last: mean, best: mean },
      failure: mean === null ? 'Training diverged.' : null,
    };
    sweep.writeResult(result);
  }
  return sweep;
}

describe('what a sweep is asked for', () => {
  it('is varied by options of several values, in lists of their own too', () => {
    const set = ['agent.learningRate=5e-4,2e-3', 'agent.network.hidden=[64, 64],[128]', 'agent.nSteps=5'];
    const { plan } = askedFor('cartpole', { seeds: '1..5', set });
    expect(plan.settings).toEqual([
      { 'agent.learningRate': 5e-4, 'agent.network.hidden': [64, 64] },
      { 'agent.learningRate': 5e-4, 'agent.network.hidden': [128] },
      { 'agent.learningRate': 2e-3, 'agent.network.hidden': [64, 64] },
      { 'agent.learningRate': 2e-3, 'agent.network.hidden': [128] },
    ]);
    expect(plan.cells.map(({ seed }) => seed).slice(0, 6)).toEqual([1, 2, 3, 4, 5, 1]);
    expect(plan.base.agent).toMatchObject({ nSteps: 5 });
  });

  it('is a method on an environment, or a configuration of one’s own beside the sweep’s file', () => {
    const { plan } = askedFor('minatar/breakout', { preset: 'rainbow', seeds: '1,2' });
    expect(plan.base.agent).toMatchObject({ objective: { kind: 'c51' }, network: { kind: 'minatar-cnn' } });
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'run.yaml'), 'name: mine\nenvironment: {id: CartPole-v1}\nagent: {kind: dqn}\n');
    writeFileSync(join(cwd, 'sweep.yaml'), 'train: run.yaml\nseeds: 1..2\n');
    const asked = askedFor(join(cwd, 'sweep.yaml'), {});
    expect(asked.plan.base.name).toBe('mine');
    expect(asked.path).toBe(join('runs', 'sweeps', 'sweep'));
    expect(askedFor(join(cwd, 'run.yaml'), { seeds: '1..2' }).plan.base.name).toBe('mine');
  });

  it('has a directory by default that is another for another sweep', () => {
    const path = (options: SweepOptions): string => askedFor('cartpole', options).path;
    expect(path({ seeds: '1..3' })).toMatch(/^runs\/sweeps\/cartpole-[0-9a-f]{6}$/);
    expect(path({ seeds: '1..3' })).toBe(path({ seeds: '1,2,3' }));
    expect(path({ seeds: '1..4' })).not.toBe(path({ seeds: '1..3' }));
  });

  it('is the example of the documents', () => {
    const file = new URL('../../../docs/sweep.yaml', import.meta.url).pathname;
    expect(askedFor(file, {}).plan.rungs).toHaveLength(3);
  });

  it.each<[string, SweepOptions, RegExp]>([
    ['cartpole', {}, /single cell/],
    ['cartpole', { seeds: '5..1' }, /^--seeds is 5\.\.1; allowed: a range from low to high/],
    ['cartpole', { seeds: 'few' }, /^--seeds is "few"; allowed: a range as 1\.\.5/],
    [
      'cartpole',
      { set: ['agent.learnRate=1,2'] },
      /^agent\.learnRate is unknown\. Did you mean agent\.learningRate\?/,
    ],
    ['cartpole', { set: ['agent.nSteps=one,2'] }, /^agent\.nSteps is "one"; allowed: an integer/],
    ['cartpole', { set: ['agent.nSteps='] }, /agent\.nSteps is an empty list/],
    ['cartpole', { set: ['agent.nSteps=1', 'agent.nSteps=2'] }, /^--set agent\.nSteps is given twice/],
    ['cartpole', { set: ['agent.nSteps'] }, /write path=value/],
    ['cartpole', { set: ['agent.nSteps=[1,2'] }, /is not YAML/],
    ['carpole', { seeds: '1..2' }, /Did you mean cartpole\?/],
    ['nothing.yaml', {}, /there is no such file/],
  ])('is refused in a sentence: %s %j', (what, options, why) => {
    expect(() => askedFor(what, options)).toThrow(why);
  });

  it('is not said twice, nor changed while it goes on', () => {
    const { path } = sweepWith([]);
    expect(() => askedFor(path, { seeds: '1..2' })).toThrow(/has begun already.*leave --seeds out/);
    const set = ['agent.nSteps=1,3', 'stop.maxUpdates=2000'];
    expect(() => askedFor('cartpole', { dir: path, seeds: '1..2', set })).toThrow(
      /began with another sweep \(agent\.nSteps: \[1,3,5\] → \[1,3\]; stop\.maxUpdates: 1000 → 2000\)/,
    );
  });
});

it('settings that can be known to fail are refused before there is a directory', async () => {
  const cwd = temporaryDirectory();
  const args = ['sweep', 'cartpole', '--set', 'agent.network.kind=mlp,nature-cnn', '--json'];
  const { code, stdout, stderr } = await qfleet(args, { cwd });
  expect(stderr).toMatch(
    /^error: With agent\.network\.kind=nature-cnn: .* take agent\.network\.kind mlp\.\n$/,
  );
  expect(JSON.parse(stdout)).toHaveProperty('error');
  expect(code).toBe(2);
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
});

describe('a report', () => {
  it('has the best first, with the standard error over seeds, and its configuration', () => {
    const sweep = sweepWith([100, 120, 480, 500, null, 500]);
    const report = reportOf(sweep);
    const table = reportTable(report);
    const rows = table.split('\n').map((line) => line.trim());
    expect(rows[3]).toMatch(/^1 +3 +490\.0 ± 10\.0 +2 +2K +1K +0:10$/);
    expect(rows[4]).toMatch(/^2 +1 +110\.0 ± 10\.0 /);
    expect(rows[5]).toMatch(/^3 +5 +500\.0 +2, 1 failed /);
    expect(table).toContain(`1 cell failed. ${sweep.plan.cells[4].id}: Training diverged.`);
    expect(table).toMatch(/qfleet train \S+best\.yaml/);
    expect(reportCsv(report).split('\n')).toEqual([
      'rank,agent.nSteps,rung,seeds,failed,mean,standard_error,env_steps,updates,training_seconds',
      '1,3,1,2,0,490,10,2000,1000,10',
      '2,1,1,2,0,110,10,2000,1000,10',
      '3,5,1,2,1,500,,2000,1000,10',
    ]);
    expect(reportDocument(report)).toMatchObject({
      ...{ isFinished: true, cells: 6, failed: 1 },
      best: { setting: { 'agent.nSteps': 3 }, mean: 490, standardError: 10 },
    });
    writeReport(report);
    const best = join(sweep.path, 'best.yaml');
    expect(readFileSync(best, 'utf8')).toMatch(
      /^# The best of the 3 settings .*agent\.nSteps=3\n# Return 490\.0 ± 10\.0/,
    );
    expect(loadRunConfig({ file: best })).toEqual(sweep.plan.cells[2].config);
  });

  it('of a sweep that is not finished names no best, and says how to go on', () => {
    const sweep = sweepWith([100, 120, 480]);
    const report = reportOf(sweep);
    expect(report.best).toBeNull();
    expect(reportTable(report)).toMatch(/1 of 2 .*[\s\S]*Not finished\. To go on: qfleet sweep /);
    writeReport(report);
    expect(existsSync(join(sweep.path, 'best.yaml'))).toBe(false);
  });
});

it('what is left is estimated by what has ended', async () => {
  const sweep = sweepWith([100, 120, 480]);
  const results = sweep.readResults();
  const estimated = await estimate(sweep.plan, results, 2, signals);
  // Three of six runs are left, of 12 seconds each.
  expect(estimated).toEqual({ seconds: 18, how: 'by the cells that have ended, 2 side by side' });
  const text = cellTable(sweep.plan, results, estimated);
  expect(text).toMatch(
    /^.*\n(.*ended\n){3}(.*\d\n){3}\n6 cells: 3 settings × 2 seeds\.\n3 of 6 have ended\.\nAbout 0:18 to go/,
  );
});

it('progress tells what runs, what is left and the best so far', () => {
  const sweep = sweepWith([100, 120, 480, null]);
  const [, , , , next] = sweep.plan.cells;
  const progress = new SweepMeter(sweep).read(sweep.readResults(), [{ cell: next.id, rung: 0 }]);
  expect(progress).toMatchObject({
    ended: 4,
    jobs: 6,
    running: 1,
    failed: 1,
    done: 4 / 6,
    secondsLeft: null,
  });
  expect(sweepView.line({ ...progress, secondsLeft: 65, runsPerHour: 120 })).toMatch(
    /4 of 6 ended · 1 running · 1 failed · 120 runs an hour · 1:05 left · best so far 110\.0 ± 10\.0 \(agent\.nSteps=1\)$/,
  );
  expect(keyOf({ cell: next.id, rung: 0 })).toBe(`${next.id}.0`);
});
