import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ARROWS, checkDirections } from '../../infra/setup/directions.mjs';
import { circlesOf, importsOf } from '../../infra/setup/imports.mjs';

const root = mkdtempSync(join(tmpdir(), 'qfleet-directions-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string | object): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
}

/** A package with those dependencies, references and source. */
function addPackage(folder: string, uses: string[], source: string, references = uses): void {
  const dependencies = Object.fromEntries(uses.map((name) => [`@qfleet/${name}`, 'workspace:*']));
  write(`${folder}/package.json`, { name: `@qfleet/${folder.split('/')[1]}`, dependencies });
  write(`${folder}/tsconfig.json`, {
    references: references.map((name) => ({ path: `../../packages/${name}` })),
  });
  write(`${folder}/src/index.ts`, source);
}

test('each way to break the directions is named, and what keeps to them is not', () => {
  write('package.json', { devDependencies: { vitest: '1' } });
  addPackage('packages/config', [], '');
  addPackage(
    'packages/envs',
    ['config'],
    "import { a } from '@qfleet/config';\nimport 'node:fs';\nimport './x.ts';\n",
  );
  write(
    'packages/envs/test/a.test.ts',
    "import { test } from 'vitest';\nimport { b } from '../src/index.ts';\nimport { c } from '../../../test/support/c.ts';\n",
  );
  addPackage('apps/actor', ['envs'], "import { b } from '@qfleet/envs';\n");
  expect(checkDirections(root)).toEqual([]);

  addPackage('packages/replay', ['agents', 'envs'], "import { x } from 'vitest';\n", ['envs', 'config']);
  addPackage('packages/agents', ['envs'], "import type { A } from './a.ts';\n");
  write('packages/agents/src/a.ts', "import { b } from './b/b.ts';\n");
  write('packages/agents/src/b/b.ts', "export type { A } from '../a.ts';\n");
  write('packages/agents/test/a.test.ts', "import b from '../../envs/src/spaces.ts';\n");
  addPackage('packages/novel', [], '');
  addPackage('apps/learner', ['envs'], "import { run } from '@qfleet/actor';\n");
  expect(checkDirections(root).sort()).toEqual([
    'apps/learner/src/index.ts: no app is imported; @qfleet/actor is one.',
    'packages/agents/src: files import each other in a circle: a.ts → b/b.ts → a.ts.',
    'packages/agents/test/a.test.ts: ../../envs/src/spaces.ts reaches into another package.',
    'packages/novel: not in the table of infra/setup/directions.mjs; say what it may use.',
    'packages/replay/package.json: replay must not depend on agents.',
    'packages/replay/src/index.ts: vitest is for tests; package.json does not name it.',
    'packages/replay/tsconfig.json: @qfleet/config is no dependency in package.json.',
    'packages/replay/tsconfig.json: no reference to @qfleet/agents, which package.json depends on.',
  ]);
});

test('a circle of files is found wherever it begins, and two ways to one file are none', () => {
  const imports = (files: Record<string, string[]>) => circlesOf(new Map(Object.entries(files)));
  expect(imports({ 'a.ts': ['./b.ts', './c/d.ts'], 'b.ts': ['./c/d.ts', 'b'], 'c/d.ts': [] })).toEqual([]);
  expect(
    imports({ 'a.ts': ['./b.ts'], 'b.ts': ['./c/d.ts'], 'c/d.ts': ['./e.ts'], 'c/e.ts': ['../b.ts'] }),
  ).toEqual([['b.ts', 'c/d.ts', 'c/e.ts', 'b.ts']]);
  expect(imports({ 'a.ts': ['./a.ts'] })).toEqual([['a.ts', 'a.ts']]);
});

test('every form of an import is seen, and none in a comment', () => {
  const source = `
import 'a';
import b from "b";
import type { C } from 'c';
import {
  d,
} from 'd';
export * from 'e';
export { f } from 'f';
export const g = await import('g');
const h = [{} as import('h').H, await import('i')];
export const value = { from: 'no' };
// import x from 'x';
/**
 * import y from 'y';
 * import('z')
 */
`;
  expect(importsOf(source).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
});

test('the table itself has no circle', () => {
  const settled = new Set<string>();
  for (let grown = true; grown; ) {
    const free = Object.keys(ARROWS).filter(
      (name) => !settled.has(name) && ARROWS[name]?.every((used) => settled.has(used)),
    );
    for (const name of free) settled.add(name);
    grown = free.length > 0;
  }
  expect(Object.keys(ARROWS).filter((name) => !settled.has(name))).toEqual([]);
});
