import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../../../test/support/is-running.ts';
import { type Ended, qfleet, start, until } from '../../../test/support/qfleet.ts';
import { check, folderWith, train, type Wrong } from './support/own-environment.ts';

/** Runs a command in a folder with such an environment, and gives the sentence that it fails with. */
async function failure(
  wrong: Wrong,
  args: readonly string[] = check,
  cwd?: string,
): Promise<Ended & { error: string }> {
  const ended = await qfleet(args, { cwd: cwd ?? (await folderWith(wrong)) });
  const { error } = JSON.parse(ended.stdout);
  expect(ended.stderr).toContain(`error: ${error}\n`);
  return { ...ended, error };
}

describe("a user's environment", { timeout: 60_000 }, () => {
  it('prints what it likes, and with --json stdout is one document all the same', async () => {
    const print = `console.log('one'); process.stdout.write('two\\n'); writeSync(1, 'three\\n');
      (globalThis as any).four ??= execFileSync('echo', ['four'], { stdio: 'inherit' }) ?? 4`;
    const cwd = await folderWith({ load: "console.log('zero');", step: print });
    await writeFile(join(cwd, 'in.json'), '{"seed":0,"actions":[0,1]}');
    const trace = ['env', 'trace', 'env.ts', '--in', 'in.json'];
    for (const args of [check, trace, train, ['eval', 'run', '--episodes', '2', '--json']]) {
      const { code, stdout, stderr } = await qfleet(args, { cwd });
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toBeTypeOf('object');
      for (const line of ['zero', 'one', 'two', 'three', 'four']) expect(stderr).toContain(`${line}\n`);
    }
  });

  it.each<[keyof Wrong, number, RegExp]>([
    [
      'load',
      2,
      /^Environment module env\.ts cannot be loaded: it called process\.exit\(0\) \(env\.ts:4\)\.$/,
    ],
    [
      'create',
      1,
      /^Environment Own-v0, slot 0, episode 0, step 0: it called process\.exit\(0\) \(env\.ts:9\)\.$/,
    ],
    [
      'reset',
      1,
      /^Environment Own-v0, slot 0, episode 1, step 0: it called process\.exit\(0\) \(env\.ts:11\)\.$/,
    ],
    [
      'step',
      1,
      /^Environment Own-v0, slot 0, episode 1, step 1: it called process\.exit\(0\) \(env\.ts:12\)\.$/,
    ],
  ])('that calls process.exit in its %s is named', async (where, exitCode, sentence) => {
    const { code, error } = await failure({ [where]: 'process.exit(0);' });
    expect(error).toMatch(sentence);
    expect(code).toBe(exitCode);
  });

  it.each([
    ['process.reallyExit(0)', 'with exit code 0'],
    ['process.abort()', 'by SIGABRT'],
  ])('that ends its process in another way is told of: %s', async (how, sentence) => {
    const { code, error } = await failure({ step: `(process as any).${how.slice('process.'.length)}` });
    expect(error).toContain(`The command ended ${sentence} before it was done`);
    expect(code).toBe(1);
  });

  it.each([
    [
      "Promise.reject(new Error('no telemetry'))",
      'a promise was rejected and nobody handled it: no telemetry (env.ts:12).',
    ],
    ["Promise.reject('no telemetry')", 'a promise was rejected and nobody handled it: no telemetry.'],
    [
      "setTimeout(() => { throw new Error('too late'); })",
      'it threw outside of its calls: too late (env.ts:12).',
    ],
    [
      'setTimeout(() => process.exit(0))',
      'it threw outside of its calls: it called process.exit(0) (env.ts:12).',
    ],
  ])('that fails beside its calls is told of: %s', async (step, sentence) => {
    const ends = await Promise.all([check, train].map((args) => failure({ step }, args)));
    for (const { code, error } of ends) {
      expect(error).toBe(`Environment Own-v0: ${sentence}`);
      expect(code).toBe(1);
    }
  });

  it('whose module waits for ever is told of', async () => {
    const { code, error } = await failure({ load: 'await new Promise(() => undefined);' });
    expect(error).toBe('Environment env.ts: its module waits for a promise that is never settled.');
    expect(code).toBe(1);
  });

  it('that leaves a timer behind does not keep the command from its end', async () => {
    const cwd = await folderWith({ load: 'setInterval(() => undefined, 1000);' });
    expect((await qfleet(check, { cwd })).code).toBe(0);
  });

  it('whose step does not return is named, and ends with the command', async () => {
    const cwd = await folderWith({ step: 'if (t === 3) { console.error(process.pid); for (;;); }' });
    const hanging = start(check, { cwd });
    const named = 'Environment Own-v0, slot 0, episode 1, step 3: step has not returned for 8 s (env.ts:12).';
    await until(hanging, () => hanging.output.stderr.includes(named), 'the step is named');
    hanging.child.kill('SIGTERM');
    const { stdout, stderr } = await hanging.ended;
    expect(JSON.parse(stdout)).toEqual({ error: 'Ended by SIGTERM before it was done.' });
    const pid = Number(stderr.match(/^\d+$/m)?.[0]);
    expect(isRunning(pid)).toBe(false);
  });

  it('whose step does not return while it trains ends at the second Ctrl-C', async () => {
    const cwd = await folderWith({ step: "if (t === 3) { console.error('hangs'); for (;;); }" });
    const hanging = start(train, { cwd });
    await until(hanging, () => hanging.output.stderr.includes('hangs'), 'it hangs');
    hanging.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 600));
    hanging.child.kill('SIGINT');
    const { code, stdout } = await hanging.ended;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: 'Ended by SIGINT before it was done.' });
  });
});
