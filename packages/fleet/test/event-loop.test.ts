import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FleetConfigurationError } from '../src/index.ts';
import { watchEventLoop } from '../src/process/event-loop.ts';

const HELD_UP = new URL('support/held-up.ts', import.meta.url).pathname;
const HEALTH = new URL('../src/process/health-main.ts', import.meta.url).pathname;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qfleet-health-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(
  main: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

const check = (file: string) => run(HEALTH, [], { QFLEET_HEALTH_FILE: file, QFLEET_STALL_SECONDS: '60' });

it('ends a process whose event loop is held up, and says in which code', async () => {
  const file = join(folder, 'held-up');
  const { code, stderr } = await run(HELD_UP, [file]);
  expect(stderr).toMatch(
    /^The learner has stood still for 1\.5 seconds, and is ended: it is at .*(Atomics\.wait|held-up\.ts).*\.\n$/,
  );
  expect(code).toBe(1);
  expect(statSync(file).size).toBe(0);
});

it('tells a health check whether the process turns', async () => {
  const file = join(folder, 'turns');
  watchEventLoop({ role: 'actor', stallSeconds: 60, healthFile: file });
  expect(await check(file)).toEqual({ code: 0, stdout: '', stderr: '' });
  // What a process that ended long ago left behind.
  const old = join(folder, 'old');
  writeFileSync(old, '');
  const then = Date.now() / 1000 - 100;
  utimesSync(old, then, then);
  expect(await check(old)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^It has stood still for \d+ seconds\.\n$/),
  });
  expect(await check(join(folder, 'none'))).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^It has not made .*none yet\.\n$/),
  });
});

it('refuses a health file that cannot be made', () => {
  const file = join(folder, 'nowhere', 'health');
  expect(() => watchEventLoop({ role: 'actor', stallSeconds: 60, healthFile: file })).toThrow(
    FleetConfigurationError,
  );
});
