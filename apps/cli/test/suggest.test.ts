import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
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
