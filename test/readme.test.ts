import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from './support/qfleet.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('the README’s own environment is trained and solved', { timeout: 120_000 }, async () => {
  const [, source] = /```ts\n(\/\/ env\.ts\n.*?)```/s.exec(readme)!;
  const cwd = temporaryDirectory();
  await writeFile(join(cwd, 'env.ts'), source);
  const args = ['train', 'env.ts', '--single', '--seed', '1', '--max-updates', '4000', '--json'];
  const { code, stdout, stderr } = await qfleet([...args, '--set', 'stop.solvedReturn=0.9'], { cwd });
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  // The best policy walks straight there, on average a little over 3 cells: 1 − 0.01 × 2.67.
  expect(JSON.parse(stdout)).toMatchObject({ environment: 'Line-v0', solved: true, stopReason: 'solved' });
});

it('every command in the README exists', async () => {
  const { stdout } = await qfleet(['--help']);
  const commands = [...readme.matchAll(/^qfleet ([a-z]+)/gm)].map(([, command]) => command);
  expect(commands).toContain('train');
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
});
