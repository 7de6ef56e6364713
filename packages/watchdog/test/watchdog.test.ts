import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../../../test/support/is-running.ts';

const STALLING = new URL('support/stalling.ts', import.meta.url).pathname;
const SENTENCE = 'Maze-v0, slot 3, episode 7, step 12: no return within 0.3 s.';

interface End {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal that ended it. */
  readonly how: unknown;
}

const stalling = (how: string): Promise<End> =>
  new Promise((resolve) => {
    execFile(process.execPath, [STALLING, how], (error, stdout, stderr) =>
      resolve({ stdout, stderr, how: error?.signal ?? error?.code ?? 0 }),
    );
  });

describe.concurrent('the watchdog', () => {
  it('names where a loop without end is, and its code', async () => {
    const { stdout, stderr, how } = await stalling('loop');
    expect(stdout).toBe('well\n');
    expect(stderr).toMatch(/^Maze-v0, .* at walkForEver \(.*support\/stalling\.ts:\d+:\d+\)\n$/);
    expect(stderr).toContain(SENTENCE);
    expect(how).toBe(1);
  });

  it('names where a promise is waited for that nobody settles', async () => {
    const { stderr, how } = await stalling('promise');
    expect(stderr.trim()).toBe(SENTENCE);
    expect(how).toBe(1);
  });

  it('names, and kills, what hears no JavaScript', async () => {
    expect(await stalling('other')).toEqual({ stdout: 'well\n', stderr: `${SENTENCE}\n`, how: 'SIGKILL' });
  });

  it('kills what is held up, once its parent has ended', async () => {
    const pid = Number((await stalling('parent')).stdout);
    await expect.poll(() => isRunning(pid), { timeout: 25_000 }).toBe(false);
  });

  it('leaves alone what it is told to watch no more', async () => {
    expect(await stalling('stop')).toEqual({ stdout: 'well\nthrough\n', stderr: '', how: 0 });
  });
});
