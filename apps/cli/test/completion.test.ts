import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main, qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { complete } from '../src/completion/complete.ts';
import { createProgram } from '../src/program.ts';

const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** The words that may follow a line's last one, and the paths that the shell adds. */
async function words(line: string): Promise<{ words: string[]; paths: string }> {
  const all = line.split(' ');
  const { candidates, paths } = await complete(createProgram(), all.slice(0, -1), all.at(-1)!);
  return { words: candidates.map(({ word }) => word), paths };
}

describe('what completes a line', () => {
  it('is every command that help lists', async () => {
    const { stdout } = await qfleet(['--help']);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+)[ |]/gm)].map(([, name]) => name);
    expect((await words('')).words).toEqual(listed.filter((name) => name !== 'qfleet'));
  });

  it.each([
    ['tr', ['train']],
    ['env ch', ['check']],
    ['train cartp', ['cartpole']],
    ['train --single CartPole-v1', ['CartPole-v1']],
    ['train text/l', ['text/lm']],
    ['train cartpole --sin', ['--single']],
    ['train cartpole --single --sin', []],
    ['train cartpole --preset rainb', ['rainbow']],
    ['train cartpole --preset=rainb', ['--preset=rainbow']],
    ['train cartpole --seed ', []],
    ['presets --diff per-dqn rainb', ['rainbow']],
    ['train cartpole --set agent.objective.at', ['agent.objective.atoms=']],
    ['train cartpole --set seed=1 --set agent.doubleQ=t', ['agent.doubleQ=true']],
    [
      'config agent.targ',
      [
        'agent.target',
        ...['kind', 'tau', 'publish', 'every', 'probability'].map((name) => `agent.target.${name}`),
      ],
    ],
    ['config --preset cartp', ['cartpole']],
    ['env draw minatar/b', ['minatar/breakout']],
    ['data text/wo', ['text/wordle']],
    ['bench lea', ['learner']],
    ['completion z', ['zsh']],
    ['nonsense wor', []],
  ])('%s', async (line, expected) => {
    expect((await words(line)).words).toEqual(expected);
  });

  it.each([
    ['train ', 'files'],
    ['train cartpole --offline a.parquet b', 'files'],
    ['eval ', 'directories'],
    ['compare runs/a ', 'directories'],
    ['train cartpole --seed ', 'none'],
    ['top a ', 'none'],
    ['eval a --env ', 'files'],
  ])('%s… may be paths: %s', async (line, paths) => {
    expect((await words(line)).paths).toBe(paths);
  });
});

/** What a shell runs once `typed` is typed on its terminal, tabs included, with qfleet a function that prints its words. */
async function typedInto(shell: 'bash' | 'zsh', typed: string, cwd: string): Promise<string[]> {
  const script = execFileSync(process.execPath, [main, 'completion', shell], { encoding: 'utf8' });
  writeFileSync(join(cwd, 'completion'), script);
  const begin = shell === 'zsh' ? 'autoload -U compinit; compinit -u -D; ' : '';
  const program = [
    'import os, pty, select, sys, time',
    'pid, fd = pty.fork()',
    'if pid == 0: os.execvp(sys.argv[1], sys.argv[1:-2])',
    'seen = b""',
    'def until(what):',
    '    global seen',
    '    while what not in seen:',
    '        seen += os.read(fd, 65536)',
    '    seen = seen.split(what, 1)[1]',
    'os.write(fd, (sys.argv[-2] + "; echo RE\'\'ADY\\n").encode())',
    'until(b"READY")',
    'def settle():',
    '    global seen',
    '    seen += os.read(fd, 65536)',
    '    while select.select([fd], [], [], 0.3)[0]: seen += os.read(fd, 65536)',
    // A shell echoes what is typed, and answers a tab with the rest of a word, or with a bell.
    'for part in sys.argv[-1].replace("\\t", "\\0\\t\\0").split("\\0"):',
    '    if part == "": continue',
    '    os.write(fd, part.encode())',
    '    settle()',
    'os.write(fd, b"\\nexit\\n")',
    'try:',
    '    while data := os.read(fd, 65536): seen += data',
    'except OSError: pass',
    'os.write(1, seen)',
  ].join('\n');
  const ready = `PS1='> '; ${begin}source ./completion; qfleet() { printf '<%s>' "$@"; echo; }`;
  const started = [shell, ...(shell === 'zsh' ? ['-f', '-i'] : ['--norc', '--noprofile', '-i'])];
  const python = spawn('python3', ['-c', program, ...started, ready, typed], {
    cwd,
    env: { ...process.env, TERM: 'dumb', HISTFILE: '/dev/null' },
  });
  let output = '';
  python.stdout.on('data', (text) => {
    output += text;
  });
  await new Promise((resolve) => python.once('close', resolve));
  const line = output.split('\n').findLast((each) => each.includes('<'));
  if (line === undefined) throw new Error(`${shell} ran nothing:\n${output}`);
  return [...line.matchAll(/<([^>]*)>/g)].map(([, word]) => word);
}

describe.each(['bash', 'zsh'] as const)('%s', (shell) => {
  it.skipIf(!isThere(shell))('completes a line that is typed', { timeout: 60_000 }, async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, 'my runs'));
    expect(await typedInto(shell, 'qfleet tra\tcartp\t --set agent.target.ki\tso\t --see\t7', cwd)).toEqual([
      'train',
      'cartpole',
      '--set',
      'agent.target.kind=soft',
      '--seed',
      '7',
    ]);
    // A zsh takes the slash away again where nothing follows it.
    expect(await typedInto(shell, 'qfleet eval my\tx', cwd)).toEqual(['eval', 'my runs/x']);
  });
});

describe('fish', () => {
  it.skipIf(!isThere('fish'))('completes a line that is typed', () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, 'my runs'));
    const script = execFileSync(process.execPath, [main, 'completion', 'fish'], { encoding: 'utf8' });
    writeFileSync(join(cwd, 'completion'), script);
    const completed = (line: string): string[] => {
      const command = `source ./completion; complete -C ${JSON.stringify(line)}`;
      const output = execFileSync('fish', ['--no-config', '-c', command], { cwd, encoding: 'utf8' });
      return output
        .split('\n')
        .filter((each) => each !== '')
        .map((each) => each.split('\t')[0]);
    };
    expect(completed('qfleet tra')).toEqual(['train']);
    expect(completed('qfleet train cartp')).toEqual(['cartpole']);
    expect(completed('qfleet train cartpole --set agent.target.kind=so')).toEqual(['agent.target.kind=soft']);
    expect(completed('qfleet eval my')).toEqual(['my runs/']);
  });
});

it('a shell that there is no script for is refused', async () => {
  const { code, stderr } = await qfleet(['completion', 'tcsh']);
  expect(stderr).toMatch(/^error: .*'tcsh'.*bash, zsh, fish\.\n$/);
  expect(code).toBe(2);
});
