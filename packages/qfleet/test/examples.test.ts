import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { blockOf, publicNames } from './support/doc-examples.ts';

const folder = mkdtempSync(join(tmpdir(), 'qfleet-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

const library = publicNames('qfleet', 'src/index.ts');
const entries = {
  qfleet: { names: library, file: '../dist/index.js', options: [] },
  'qfleet/browser': {
    names: new Map([
      ...publicNames('browser', 'src/index.ts'),
      ...[...publicNames('tensor', 'src/browser.ts')].filter(([name]) => name === 'setWasmFile'),
    ]),
    file: '../../browser/dist/browser.js',
    // As a bundler for browsers takes the packages.
    options: ['--conditions=browser'],
  },
};

/** Registered by examples: the settings that have a run use each. */
const REGISTERED = `
for (const own of [
  { 'agent.objective': { kind: 'custom', name: 'half', options: { weight: 0.25 } },
    'agent.optimizer': { kind: 'custom', name: 'slow' },
    'agent.network': { kind: 'custom', name: 'squared', hidden: [8] } },
  { 'agent.objective': { kind: 'custom', name: 'absolute' }, 'agent.optimizer': { kind: 'custom', name: 'decaying' } },
  { 'agent.objective': { kind: 'custom', name: 'plain' } },
]) {
  const set = { ...own, 'stop.maxUpdates': 16, 'replay.minSize': 200, 'evaluation.episodes': 2 };
  const run = await train('cartpole', { set, runDir: 'runs/own' + Math.random() });
  console.log('own', run.updates, (await run.policy()).act([0, 0, 0, 0]));
}
`;

describe.each(Object.entries(entries))('the public names of %s', (entry, { names, file, options }) => {
  const url = new URL(file, import.meta.url).href;
  const values = [...names].filter(([, { isType }]) => !isType);

  it('are what the entry has, and each has a doc comment, and an example if it is a value', () => {
    const print = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(url)}))))`;
    const args = [...options, '--input-type=module', '--eval', print];
    const there = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    expect(values.map(([name]) => name).sort()).toEqual(there.sort());
    expect([...names].filter(([, { text }]) => text === '').map(([name]) => name)).toEqual([]);
    expect(values.filter(([, { example }]) => example === null).map(([name]) => name)).toEqual([]);
  });

  it('do what their examples say', { timeout: 180_000 }, () => {
    // What both entries have was run for the first.
    const own = values.filter(([name]) => entry === 'qfleet' || !library.has(name));
    const blocks = own.map(([name, { example }]) => blockOf(name, example ?? ''));
    expect(blocks.join('')).toMatch(/deepStrictEqual/);
    const program = `
import { deepStrictEqual } from 'node:assert';
import { ${values.map(([name]) => name).join(', ')} } from ${JSON.stringify(url)};
${blocks.join('')}${entry === 'qfleet' ? REGISTERED : ''}
console.log('over');
`;
    writeFileSync(join(folder, 'program.mts'), program);
    const printed = execFileSync(process.execPath, [...options, 'program.mts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(printed).toMatch(entry === 'qfleet' ? /^(own 16 [01]\n){3}over$/m : /^over$/m);
  });
});
