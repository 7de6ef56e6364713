import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { loadRunConfig } from '@qfleet/config';
import { connectRedis, createRun } from '@qfleet/fleet';
import { describe, expect, it } from 'vitest';
import { main, start, temporaryDirectory, until } from '../../../test/support/qfleet.ts';
import { startRedis } from '../../../test/support/redis.ts';

const training = (budget: number): string[] => [
  ...['train', 'cliffwalking', '--single', '--run-dir', 'run', '--set', 'stop.solvedReturn=null'],
  ...['--max-updates', String(budget)],
];
const endless = training(1e9);

const stopReason = (cwd: string): string =>
  JSON.parse(readFileSync(join(cwd, 'run/summary.json'), 'utf8')).stopReason;

/** Ends the reader of a command's output after its first bytes. */
async function withoutReader(
  args: readonly string[],
  cwd: string,
): Promise<{ code: number | null; stderr: string }> {
  const started = start(args, { cwd });
  started.child.stdout?.destroy();
  const { code, stderr } = await started.ended;
  return { code, stderr };
}

describe('a reader that goes away', () => {
  it.each([
    ...[['--help'], ['train', '--help'], ['envs'], ['presets'], ['presets', '--json'], ['config']],
    ...[
      ['config', '--json'],
      ['completion', 'bash'],
      ['complete', '--', 'train', ''],
    ],
  ])('is nothing to complain of: %s', async (...args) => {
    expect(await withoutReader(args, temporaryDirectory())).toEqual({ code: 0, stderr: '' });
  });

  it('does not end a training', async () => {
    const cwd = temporaryDirectory();
    expect(await withoutReader(training(2_000), cwd)).toMatchObject({ code: 0, stderr: '' });
    expect(stopReason(cwd)).toBe('maxUpdates');
  });

  it('is no excuse where the result was to be written to a full disk', async () => {
    const full = spawn('sh', ['-c', `exec "$0" "$@" > /dev/full`, process.execPath, main, 'envs', '--json']);
    let stderr = '';
    full.stderr.on('data', (text) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => full.once('close', resolve));
    expect(stderr).toMatch(/^error: The result can't be written to stdout \(ENOSPC\)[^\n]*\n$/);
    expect(code).toBe(1);
  });
});

describe('a hang-up', () => {
  it('ends a training in order', async () => {
    const cwd = temporaryDirectory();
    const training = start(endless, { cwd });
    await until(training, () => training.output.stdout.includes('updates'), 'it trains');
    training.child.kill('SIGHUP');
    expect((await training.ended).code).toBe(0);
    expect(stopReason(cwd)).toBe('interrupted');
  });

  it('means nothing under nohup', async () => {
    const cwd = temporaryDirectory();
    // The shell's own name for the command it started, as every shell exports it but the smallest.
    const training = start(endless, { cwd, env: { _: '/usr/bin/nohup' } });
    await until(training, () => training.output.stdout.includes('updates'), 'it trains');
    training.child.kill('SIGHUP');
    const metrics = join(cwd, 'run/metrics.jsonl');
    const { size } = statSync(metrics);
    await until(training, () => statSync(metrics).size > size, 'it trains on');
    expect(existsSync(join(cwd, 'run/summary.json'))).toBe(false);
    training.child.kill('SIGINT');
    expect((await training.ended).code).toBe(0);
  });
});

describe('a terminal', () => {
  /** Runs the command line on a terminal of that size. */
  async function onTerminal(
    columns: number,
    rows: number,
    args: readonly string[],
    keys = '',
  ): Promise<string> {
    const program = [
      'import fcntl, os, pty, struct, sys, termios',
      'pid, fd = pty.fork()',
      'if pid == 0:',
      "    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', int(sys.argv[2]), int(sys.argv[1]), 0, 0))",
      '    os.execvp(sys.argv[4], sys.argv[4:])',
      'try:',
      '    keys = sys.argv[3].encode()',
      '    while data := os.read(fd, 65536):',
      '        os.write(1, data)',
      // What hides the cursor begins a view, which listens.
      '        if keys and b"\\x1b[?25l" in data:',
      '            os.write(fd, keys)',
      '            keys = b""',
      'except OSError: pass',
      'sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))',
    ].join('\n');
    const python = spawn(
      'python3',
      ['-c', program, `${columns}`, `${rows}`, keys, process.execPath, main, ...args],
      {
        cwd: temporaryDirectory(),
      },
    );
    let output = '';
    python.stdout.on('data', (text) => {
      output += text;
    });
    const code = await new Promise((resolve) => python.once('close', resolve));
    expect(code, output).toBe(0);
    return output;
  }

  it.each([
    [0, 0],
    [20, 3],
    [200, 60],
  ])('of %i columns and %i rows shows a fleet until q is typed', async (columns, rows) => {
    const server = await startRedis();
    const redis = await connectRedis(`unix://${server.socket}`, { role: 'cli' });
    try {
      await createRun(redis, 'watched', loadRunConfig({ preset: 'cliffwalking' }));
      const output = await onTerminal(columns, rows, ['top', '--redis', `unix://${server.socket}`], 'q');
      expect(output).toContain('watched');
      for (const line of stripVTControlCharacters(output).split(/[\r\n]+/))
        expect(line.length).toBeLessThanOrEqual(columns || 80);
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });

  it.each([
    [0, 0],
    [20, 3],
  ])('of %i columns and %i rows shows a training', async (columns, rows) => {
    const output = await onTerminal(columns, rows, training(1_000));
    expect(output).toContain('env steps');
    expect(output).toContain('Next:');
  });
});
