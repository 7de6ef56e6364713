import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './commands.ts';

it('the site is built', { timeout: 600_000 }, () => {
  const run = join(repository, 'infra/setup/run.mjs');
  const output = execFileSync(process.execPath, [run, 'docs'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(output).toMatch(/^docs: .*html/);
  const html = join(repository, 'infra/site/dist/html');
  for (const name of ['index.html', 'guide.html', 'configuration.html', 'api/envs.html'])
    expect(existsSync(join(html, name)), name).toBe(true);
  expect(readFileSync(join(html, 'api/envs.html'), 'utf8')).toContain('defineEnvironment');
});
