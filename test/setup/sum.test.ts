import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { countReport, sum, sumLine } from '../../infra/setup/checks.mjs';
import { capture } from '../../infra/setup/progress.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Runs vitest on such files as npm test does, in a process of its own, and returns the last line. */
async function lastLine(files: Record<string, string>): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'qfleet-sum-'));
  try {
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    writeFileSync(join(root, 'vitest.config.ts'), "export default { test: { include: ['*.test.ts'] } };\n");
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(root, `${name}.test.ts`), `import { afterAll, test } from 'vitest';\n${content}\n`);
    }
    const script = `import { runSuites, sumLine } from ${JSON.stringify(join(repository, 'infra/setup/checks.mjs'))};
const ready = { root: ${JSON.stringify(root)}, node: process.execPath, env: process.env };
console.log(sumLine(await runSuites(ready, 'vitest.config.ts', [])));`;
    // The environment of the vitest that runs this test would make the inner one take itself for a worker.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_)/.test(name)),
    );
    const { stdout } = await capture(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      env,
    });
    return stdout.trim().split('\n').at(-1) ?? '';
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('tests are counted, and the skipped ones told apart', { timeout: 120_000 }, async () => {
  const mixed = `test('a', () => {}); test('b', () => { throw new Error(); }); test.skip('c', () => {}); test.todo('d');`;
  expect(await lastLine({ mixed, good: "test('e', () => {});" })).toBe('2 passed, 1 failed, 2 skipped');
  expect(await lastLine({ good: "test('e', () => {});" })).toBe('1 passed, 0 failed');
});

test('what fails outside of a test is a failure', { timeout: 120_000 }, async () => {
  const good = "test('e', () => {});";
  expect(await lastLine({ good, unloadable: "import './missing.ts';" })).toBe('1 passed, 1 failed');
  expect(await lastLine({ good: `${good} void Promise.reject(new Error('nobody listens'));` })).toBe(
    '1 passed, 1 failed',
  );
  expect(await lastLine({ hook: `${good} afterAll(() => { throw new Error(); });` })).toBe(
    '1 passed, 1 failed',
  );
  expect(await lastLine({})).toBe('0 passed, 1 failed');
});

test('vitest that dies before it reports is a failure', () => {
  expect(countReport('', 137)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('the sum adds up everything', () => {
  const total = sum([
    { passed: 3, failed: 1, skipped: 0 },
    { passed: 40, failed: 0, skipped: 2 },
  ]);
  expect(sumLine(total)).toBe('43 passed, 1 failed, 2 skipped');
});
