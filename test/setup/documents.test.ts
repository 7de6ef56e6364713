import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkDocuments } from '../../infra/setup/documents.mjs';

const root = mkdtempSync(join(tmpdir(), 'qfleet-documents-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

test('each file and heading that a document names has to be there', () => {
  write('packages/envs/src/a.ts', '');
  write('packages/envs/README.md', '# Envs\n\n`src/gone.ts` is not looked for; `test/fixtures/b.ts` is.\n');
  write('packages/envs/test/fixtures/b.ts', '');
  write(
    'docs/guide.md',
    [
      '# A guide',
      '## Things, and `more` things',
      '`packages/envs/src/a.ts`, `packages/*/README.md`, [here](#things-and-more-things), [there](../packages/envs/README.md#envs),',
      '[elsewhere](https://example.org/none), [a folder](../packages).',
    ].join('\n'),
  );
  write('node_modules/other/README.md', '[not ours](nowhere.md)');
  expect(checkDocuments(root)).toEqual([]);

  write(
    'docs/wrong.md',
    '`packages/envs/src/gone.ts`, [a file](gone.md), [a heading](guide.md#gone), [its own](#gone)',
  );
  expect(checkDocuments(root)).toEqual([
    'docs/wrong.md: there is no packages/envs/src/gone.ts.',
    'docs/wrong.md: the link gone.md leads nowhere.',
    'docs/wrong.md: the link guide.md#gone names a heading that is not there.',
    'docs/wrong.md: the link #gone names a heading that is not there.',
  ]);
});
