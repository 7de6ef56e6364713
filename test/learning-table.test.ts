import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cell, configOf, keyOf, settingsOf } from './learning/table/cell.ts';
import { envs } from './learning/table/envs.ts';
import { playFixed } from './learning/table/fixed-policy.ts';
import { table } from './learning/table/markdown.ts';
import { appendResult, type Result, readResults } from './learning/table/results.ts';
import { temporaryDirectory } from './support/qfleet.ts';

const whole = { part: 1 };
const cartpole: Cell = { kind: 'trained', preset: 'cartpole', seed: 1 };

const result: Result = {
  key: 'a',
  preset: 'cartpole',
  environment: 'CartPole-v1',
  seed: 1,
  fixed: null,
  frames: 4000,
  updates: 2000,
  wallSeconds: 3,
  cpuSeconds: 4,
  last: { updates: 2000, returns: [1, 2, 3] },
  best: { updates: 1000, returns: [2, 3, 4] },
  curve: [
    [1000, 1],
    [3000, 3],
    [4000, 2],
  ],
  versions: { qfleet: '0.1.0', node: '24' },
  cpu: 'one',
  cores: 2,
  date: '2026-01-01',
};

describe('cells', () => {
  it('all have configurations, and keys of their own', () => {
    const cells = envs.flatMap((line) => line.cells);
    expect(new Set(cells.map((cell) => keyOf(cell, whole))).size).toBe(cells.length);
  });

  it('have another key where a setting changed, and the same where one says what holds anyway', () => {
    const { learningRate } = configOf(cartpole, whole).agent;
    const same = { ...cartpole, set: [`agent.learningRate=${learningRate}`] };
    const other = { ...cartpole, set: [`agent.learningRate=${learningRate / 2}`] };
    expect(keyOf(same, whole)).toBe(keyOf(cartpole, whole));
    expect(keyOf(other, whole)).not.toBe(keyOf(cartpole, whole));
  });

  it('are shorter by the part that is run', () => {
    const { stop, exploration } = configOf(cartpole, whole);
    const quick = configOf(cartpole, { part: 0.1 });
    expect(quick.stop.maxUpdates).toBe(stop.maxUpdates! / 10);
    expect(quick.exploration).toEqual({ ...exploration, steps: 800 });
    expect(settingsOf(cartpole, whole)).toEqual(['seed=1']);
  });
});

describe('results', () => {
  it('are read again, the later one of a key, in spite of a line that was left unfinished', () => {
    const file = join(temporaryDirectory(), 'folder', 'results.jsonl');
    expect(readResults(file).size).toBe(0);
    appendResult(file, result);
    appendFileSync(file, '{"key":"b","pre');
    appendResult(file, { ...result, key: 'c' });
    appendResult(file, { ...result, updates: 3000 });
    expect([...readResults(file).keys()]).toEqual(['a', 'c']);
    expect(readResults(file).get('a')).toEqual({ ...result, updates: 3000 });
  });

  it('become a line with mean, standard error, interquartile mean, and what of the goal was met', () => {
    const line = { cells: [cartpole], goal: 3 };
    const text = table([{ line, results: [result, { ...result, seed: 2, last: result.best }] }]);
    // Means 2 and 3, 3 and 3; of each seed's two evaluations in the last half, one reaches the goal.
    expect(text).toContain('| 2.5 ± 0.5 | 2.5 [2.0, 3.0] | 3.0 ± 0.0 | 3.0 [3.0, 3.0] |');
    expect(text).toContain('| ≥ 3: last 1, best 2 of 2; 50 % of the last half |');
    expect(text).toContain('| 3 s, 4 s |');
  });
});

it('a policy that always drives slower on the highway has the return of highway-env’s, and its crashes', async () => {
  const cell: Cell = { kind: 'fixed', preset: 'highway', seed: 1, action: 4, name: 'always slower' };
  const { returns, info } = await playFixed(configOf(cell, whole), 4, 20);
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  // highway-env 1.12.1: 21.4 ± 0.7 an episode, and hardly a crash.
  expect(mean).toBeGreaterThan(20);
  expect(mean).toBeLessThan(22.5);
  expect(info!['crashed']).toBeLessThan(0.2);
});
