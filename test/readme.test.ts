import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { read } from './docs/commands.ts';
import { qfleet, temporaryDirectory } from './support/qfleet.ts';

/** Lines that a window of 1,000 pixels shows of a page on the web, with room for its pictures. */
const SCREEN = 35;

it('the README fits a screen: what this is, two commands, the result', () => {
  const readme = read('README.md');
  expect(readme.split('\n').length).toBeLessThanOrEqual(SCREEN);
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const [, block] = /```\n(.*?)```/s.exec(readme)!;
  const commands = block.match(/^npm \S+/gm)!.map((command) => command.slice('npm '.length));
  expect(commands).toEqual(['start', 'test']);
  for (const command of commands) expect(scripts).toHaveProperty(command);
});

it('the environment of one’s own that its page shows is trained and solved', {
  timeout: 120_000,
}, async () => {
  const [, source] = /```ts\n(\/\/ env\.ts\n.*?)```/s.exec(read('docs/environments/own.md'))!;
  const cwd = temporaryDirectory();
  await writeFile(join(cwd, 'env.ts'), source);
  const args = ['train', 'env.ts', '--single', '--seed', '1', '--max-updates', '4000', '--json'];
  const { code, stdout, stderr } = await qfleet([...args, '--set', 'stop.solvedReturn=0.9'], { cwd });
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  // The best policy walks straight there, on average a little over 3 cells: 1 − 0.01 × 2.67.
  expect(JSON.parse(stdout)).toMatchObject({ environment: 'Line-v0', solved: true, stopReason: 'solved' });
});

it('every command of the command line’s page exists', async () => {
  const { stdout } = await qfleet(['--help']);
  const commands = [...read('docs/command-line.md').matchAll(/^qfleet ([a-z]+)/gm)].map(
    ([, command]) => command,
  );
  expect(commands).toContain('train');
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
});
