import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SweepDirectory, SweepError } from '../src/index.ts';
import { planOf, resultOf } from './support.ts';

const plan = planOf('train: cartpole\nspace: {agent.nSteps: [1, 3]}\n');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'qfleet-sweep-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it('keeps a sweep and its results', () => {
  const path = join(folder(), 'a/b');
  const made = SweepDirectory.create(path, plan);
  const [one, two] = plan.cells.map(({ id }) => id);
  made.writeResult(resultOf(one, 0, 5));
  made.writeResult(resultOf(two, 0, null));
  const opened = SweepDirectory.open(path);
  expect(opened.sweep).toBe(made.sweep);
  expect(opened.plan).toEqual(plan);
  expect(opened.hasResult({ cell: one, rung: 0 })).toBe(true);
  expect(opened.hasResult({ cell: one, rung: 1 })).toBe(false);
  expect([...opened.readResults().values()]).toEqual(
    expect.arrayContaining([resultOf(one, 0, 5), resultOf(two, 0, null)]),
  );
  opened.removeFailures();
  expect([...opened.readResults().keys()]).toEqual([`${one}.0`]);
});

it('is made anew where a command was killed before there was a sweep, and refuses what is no sweep', () => {
  const path = folder();
  writeFileSync(join(path, 'base.yaml'), 'cut sho');
  expect(() => SweepDirectory.open(path)).toThrow(SweepError);
  expect(SweepDirectory.create(path, plan).plan).toBe(plan);
  const other = folder();
  writeFileSync(join(other, 'thesis.tex'), '');
  expect(() => SweepDirectory.create(other, plan)).toThrow(/not empty and holds no sweep/);
  writeFileSync(join(path, 'sweep.json'), '{}');
  expect(() => SweepDirectory.open(path)).toThrow(/sweep\.json is not what this Qfleet writes/);
});
