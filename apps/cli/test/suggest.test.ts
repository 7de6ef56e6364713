import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../test/support/qfleet.ts';
import { startedAs } from '../src/started-as.ts';
import { suggest } from '../src/suggest.ts';

it.each(['runs/latest', 'path with spaces', "it's", '$HOME', 'a;b', '', 'ünï'])(
  'suggests a command that a shell reads back: %j',
  (path) => {
    const command = suggest('resume', path);
    const read = execFileSync('sh', ['-c', `qfleet() { printf '%s\\n' "$@"; }; ${command}`], {
      encoding: 'utf8',
    });
    expect(read).toBe(`resume\n${path}\n`);
  },
);

it('leaves plain words unquoted', () => {
  expect(suggest('train', 'runs/a-1/config.yaml', '--max-updates', '20')).toBe(
    'qfleet train runs/a-1/config.yaml --max-updates 20',
  );
});

/** A project with the package in it, as npm lays it out, whose program prints its arguments. */
function project(): { folder: string; script: string; bin: string } {
  const folder = join(temporaryDirectory(), 'my project');
  const script = join(folder, 'node_modules/qfleet/main.js');
  const bin = join(folder, 'node_modules/.bin');
  mkdirSync(join(folder, 'node_modules/qfleet'), { recursive: true });
  mkdirSync(bin);
  writeFileSync(script, '#!/usr/bin/env node\nconsole.log(JSON.stringify(process.argv.slice(2)));\n');
  chmodSync(script, 0o755);
  symlinkSync('../qfleet/main.js', join(bin, 'qfleet'));
  return { folder, script, bin };
}

describe('the command is said as a shell finds it', () => {
  it('by its name, where it is on PATH', () => {
    const { bin, folder, script } = project();
    const path = join(temporaryDirectory(), 'bin');
    mkdirSync(path);
    symlinkSync(script, join(path, 'qfleet'));
    expect(startedAs({ PATH: `${bin}:${path}` }, script, folder)).toBe('qfleet');
  });

  it('by npx or pnpm in the project that has it', () => {
    const { folder, script, bin } = project();
    mkdirSync(join(folder, 'sub'));
    for (const cwd of [folder, join(folder, 'sub')]) {
      expect(startedAs({ PATH: `${bin}:/nowhere` }, script, cwd)).toBe('npx qfleet');
      expect(startedAs({ PATH: bin, npm_config_user_agent: 'pnpm/12.0.0 npm/?' }, script, cwd)).toBe(
        'pnpm exec qfleet',
      );
    }
  });

  it('by its file from another folder', () => {
    const { script } = project();
    const cwd = temporaryDirectory();
    const command = startedAs({ PATH: '/nowhere' }, script, cwd);
    const output = execFileSync('sh', ['-c', `${command} eval 'a b'`], { cwd, encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual(['eval', 'a b']);
  });

  it('as set-up says, in a checkout', () => {
    expect(startedAs({ QFLEET_COMMAND: 'npm run -s qfleet --' }, 'main.js', '/')).toBe(
      'npm run -s qfleet --',
    );
  });
});
