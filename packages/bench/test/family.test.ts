import { expect, it } from 'vitest';
import { ownChild } from '../src/contest/contestant.ts';
import { methodOn, rowsOf, rowsOverride } from '../src/family/cases.ts';
import { benchFamily } from '../src/family/family.ts';
import type { FamilyPeer } from '../src/family/torch.ts';
import { programBeside } from '../src/program-beside.ts';

const brief = {
  networks: [{ name: 'MLP', environment: 'CartPole-v1' }],
  milliseconds: 20,
  turns: 1,
};
const beside = (name: string) =>
  programBeside(name, new URL('../src/family/family.ts', import.meta.url).href);

it('updates are measured, on 32 rows and on a method’s own', async () => {
  const rows = await benchFamily(null, { ...brief, methods: ['r2d2', 'pqn'], acting: [] });
  expect(rows.map(({ name, unit }) => `${name}: ${unit}`)).toEqual([
    'r2d2, MLP, batch 32 sequences: updates/s',
    'pqn, MLP, batch 32: updates/s',
    'pqn, MLP, batch 128: updates/s',
  ]);
  for (const { value, reference } of rows) {
    expect(value).toBeGreaterThan(0);
    expect(reference).toBeNull();
  }
}, 120_000);

it('they are held against a peer, and a part of it that does not start is left out', async () => {
  const options = { method: 'dqn', environment: 'CartPole-v1', overrides: ['agent.batchSize=32'] };
  const peer: FamilyPeer = () => ({
    'the same': ownChild(beside('update-child'), options),
    nobody: { program: process.execPath, args: ['--eval', 'process.exit(3)'], optional: true },
  });
  const networks = [{ name: 'MinAtar CNN', environment: 'MinAtar/Breakout-v1' }];
  const rows = await benchFamily(peer, { ...brief, networks, methods: ['r2d2'], acting: [] });
  expect(rows.map(({ name, reference, goal }) => ({ name, reference, goal }))).toEqual([
    { name: 'r2d2, MinAtar CNN, batch 32 sequences', reference: 'the same', goal: 2 },
  ]);
  for (const figure of [rows[0].value, rows[0].referenceValue, rows[0].ratio])
    expect(figure).toBeGreaterThan(0);
}, 120_000);

it('policies are measured by their heads', async () => {
  const rows = await benchFamily(null, { ...brief, methods: [], acting: [4] });
  expect(rows.map(({ name }) => name)).toEqual([
    'acting, values, MLP, 4 rows',
    'acting, values, dueling, MLP, 4 rows',
    'acting, C51, 51 atoms, MLP, 4 rows',
    'acting, HL-Gauss, 51 bins, MLP, 4 rows',
    'acting, quantiles, 50, MLP, 4 rows',
    'acting, implicit quantiles, 32 levels, MLP, 4 rows',
    'acting, values after an LSTM of 64 units, MLP, 4 rows',
  ]);
  for (const { value, unit } of rows) {
    expect(unit).toBe('rows/s');
    expect(value).toBeGreaterThan(0);
  }
}, 120_000);

it('a method has batches of other sizes where its steps can be cut so', () => {
  const pqn = methodOn('pqn', 'CartPole-v1');
  expect(rowsOf(pqn)).toBe(128);
  expect(rowsOverride(pqn, 32)).toBe('agent.minibatches=128');
  expect(rowsOverride(pqn, 33)).toBeNull();
  const dqn = methodOn('dqn', 'MinAtar/Breakout-v1');
  expect(rowsOverride(dqn, 32)).toBe('agent.batchSize=32');
  expect(rowsOf(methodOn('dqn', 'MinAtar/Breakout-v1', ['agent.batchSize=32']))).toBe(32);
});
