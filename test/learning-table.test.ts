import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { meanOf } from '@qfleet/report';
import { describe, expect, it } from 'vitest';
import { type Cell, configOf, isAlone, keyOf, QUICK, settingsOf, WHOLE } from './learning/table/cell.ts';
import { writeComparison, writeResults } from './learning/table/documents.ts';
import { envs } from './learning/table/envs.ts';
import { family } from './learning/table/family.ts';
import { playFixed } from './learning/table/fixed-policy.ts';
import { inOrder } from './learning/table/line.ts';
import { type Row, table } from './learning/table/markdown.ts';
import { appendResult, type Result, readResults } from './learning/table/results.ts';
import { plannedSeconds, runCells } from './learning/table/schedule.ts';
import { temporaryDirectory } from './support/qfleet.ts';

const cartpole: Cell = { kind: 'trained', preset: 'cartpole', seed: 1 };
const peer: Cell = {
  ...{ kind: 'peer', preset: 'cartpole', peer: 'sb3-dqn', seed: 1 },
  ...{ seconds: 120, every: 2_000 },
};
const familyCells = (seeds: number): Cell[] =>
  family.flatMap(({ lines }) =>
    inOrder(
      lines.map((line) => ({ ...line, cells: line.cells.slice(0, seeds) })),
      isAlone,
    ),
  );

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

const peerResult: Result = {
  ...result,
  key: 'p',
  peer: 'sb3-dqn',
  wallSeconds: 30,
  cpuSeconds: 40,
  curve: [
    [2000, 1, 7],
    [4000, 3, 14],
  ],
  versions: { torch: '2', threads: '2' },
};
const compared: readonly Row[] = [
  {
    line: { cells: [cartpole], goal: 3 },
    results: [
      {
        ...result,
        method: 'dqn',
        curve: [
          [2000, 2, 1],
          [4000, 3, 2],
        ],
      },
    ],
  },
  { line: { cells: [peer], goal: 3, beside: 'dqn' }, results: [peerResult] },
];

describe('cells', () => {
  it('all have configurations, and keys of their own', () => {
    const cells = [...envs, ...family].flatMap(({ lines }) => lines.flatMap((line) => line.cells));
    expect(new Set(cells.map((cell) => keyOf(cell, WHOLE))).size).toBe(cells.length);
  });

  it('have another key where a setting changed, and the same where one says what holds anyway', () => {
    const { learningRate } = configOf(cartpole, WHOLE).agent;
    const same = { ...cartpole, set: [`agent.learningRate=${learningRate}`] };
    const other = { ...cartpole, set: [`agent.learningRate=${learningRate / 2}`] };
    expect(keyOf(same, WHOLE)).toBe(keyOf(cartpole, WHOLE));
    expect(keyOf(other, WHOLE)).not.toBe(keyOf(cartpole, WHOLE));
  });

  it('are shorter by the part that is run', () => {
    const { stop, exploration } = configOf(cartpole, WHOLE);
    const quick = configOf({ ...cartpole, seconds: 100 }, QUICK);
    expect(quick.stop).toMatchObject({ maxUpdates: stop.maxUpdates! / 10, maxSeconds: 100 * QUICK.seconds });
    expect(quick.exploration).toEqual({ ...exploration, steps: 800 });
    expect(settingsOf({ ...cartpole, seconds: 100 }, WHOLE)).toEqual(['seed=1']);
  });

  it('of peers have another key with another budget', () => {
    expect(keyOf(peer, WHOLE)).not.toBe(keyOf({ ...peer, seconds: 60 }, WHOLE));
    expect(keyOf(peer, WHOLE)).not.toBe(keyOf(peer, QUICK));
    expect(keyOf(peer, WHOLE)).not.toBe(keyOf({ ...peer, peer: 'cleanrl-dqn' }, WHOLE));
  });

  it('are run seed by seed, those alone first and peers last', () => {
    const line = (cell: Cell) => ({ goal: null, cells: [1, 2].map((seed): Cell => ({ ...cell, seed })) });
    const rounds: Cell = { ...cartpole, method: 'pqn' };
    const order = inOrder([line(peer), line(cartpole), line(rounds)], isAlone);
    expect(order.map((cell) => [cell.kind, cell.method, cell.seed])).toEqual([
      ['trained', 'pqn', 1],
      ['trained', 'pqn', 2],
      ['trained', undefined, 1],
      ['trained', undefined, 2],
      ['peer', undefined, 1],
      ['peer', undefined, 2],
    ]);
  });

  it('of the family are planned for eight hours of two cores, and for a quarter of one as a quick look', () => {
    const ours = (seeds: number) => familyCells(seeds).filter(({ kind }) => kind !== 'peer');
    expect(plannedSeconds(ours(5), WHOLE, 2)).toBeLessThan(8 * 3600);
    expect(plannedSeconds(ours(1), QUICK, 2)).toBeLessThan(15 * 60);
  });

  it('of pqn and of rainbow learn within two thousand updates', { timeout: 600_000 }, async () => {
    const cells = (['pqn', 'rainbow'] as const).map(
      (method): Cell => ({ ...cartpole, method, set: ['stop.maxUpdates=2000', 'evaluation.episodes=10'] }),
    );
    const found = new Map<string | undefined, Result>();
    expect(await runCells(cells, WHOLE, ({ method }, told) => found.set(method, told))).toEqual([]);
    // Where nothing is learned an episode has 10 steps, or 22 by chance.
    for (const [method, atLeast] of [
      ['pqn', 100],
      ['rainbow', 60],
    ] as const) {
      const { best, last, curve, frames } = found.get(method)!;
      expect(best.returns.length).toBe(100);
      expect(last.returns.length).toBe(100);
      expect(meanOf(best.returns)).toBeGreaterThan(atLeast);
      expect(curve.at(-1)![0]).toBeLessThanOrEqual(frames);
      expect(curve.every(([, , seconds]) => seconds! > 0)).toBe(true);
    }
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
    expect(text).toContain('| 3.0 s, 4.0 s |');
    // The older results of this line have no seconds at their evaluations, and nothing crashes.
    expect(text).not.toMatch(/to the goal|crashes|÷/);
  });

  it('tell how long a peer takes as a multiple of the method beside it', () => {
    const text = table(compared);
    expect(text).toContain('| to the goal | wall, CPU | its time ÷ ours |');
    expect(text).toContain('| 2.0 s, at most 2.0 s | 3.0 s, 4.0 s | – |');
    expect(text).toContain('| 14 s, at most 14 s | 30 s, 40 s | `dqn`: to the goal 7.0, training 10.0 |');
    // A seed that never reached the goal leaves only the whole time to compare.
    const failed: Result = { ...peerResult, seed: 2, curve: [[4000, 1, 20]] };
    const partly = table([compared[0], { ...compared[1], results: [peerResult, failed] }]);
    expect(partly).toContain('| 14 s, at most 14 s (1 of 2) | 30 s, 40 s | `dqn`: training 10.0 |');
  });

  it('are written between the markers of the documents, with their curves beside', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'docs/results'), { recursive: true });
    const marked = 'Before.\n\n<!-- family: begin -->\n\nold\n\n<!-- family: end -->\n\nAfter.\n';
    for (const file of ['docs/results.md', 'docs/comparison.md']) writeFileSync(join(root, file), marked);
    const section = { name: 'cartpole', title: 'The pole', lines: compared.map(({ line }) => line) };
    await writeResults(root, 'family', [{ section, rows: compared }]);
    writeComparison(root, 'family', compared);
    const read = (file: string): string => readFileSync(join(root, file), 'utf8');
    expect(read('docs/results.md')).toBe(
      'Before.\n\n<!-- family: begin -->\n\n### The pole\n\n' +
        `${table(compared)}\n\n![Learning curves](results/family-cartpole.svg)\n\n` +
        'Measured with Qfleet 0.1.0, Node 24, one, 2 cores; torch 2, 2 threads of PyTorch, one, 2 cores.\n\n' +
        '<!-- family: end -->\n\nAfter.\n',
    );
    expect(read('docs/comparison.md')).toContain(table(compared, { isBrief: true }));
    expect(read('docs/results/family-cartpole.svg')).toContain('<svg');
    await expect(writeResults(root, 'envs', [{ section, rows: compared }])).rejects.toThrow(
      'docs/results.md has no place for the table envs',
    );
  });
});

it('a policy that always drives slower on the highway has the return of highway-env’s, and its crashes', async () => {
  const cell: Cell = { kind: 'fixed', preset: 'highway', seed: 1, action: 4, name: 'always slower' };
  const { returns, info } = await playFixed(configOf(cell, WHOLE), 4, 20);
  const mean = returns.reduce((sum, value) => sum + value, 0) / returns.length;
  // highway-env 1.12.1: 21.4 ± 0.7 an episode, and hardly a crash.
  expect(mean).toBeGreaterThan(20);
  expect(mean).toBeLessThan(22.5);
  expect(info!['crashed']).toBeLessThan(0.2);
});
